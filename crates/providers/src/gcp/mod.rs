//! Google Cloud SQL for PostgreSQL.
