//! Mutations as commands of Azure's own tool.
