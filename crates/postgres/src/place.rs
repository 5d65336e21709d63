//! Questions about the machine: ports, disks, sockets.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::Path,
    thread,
    time::Duration,
};

use crate::FileError;

/// Longest folder of sockets in bytes: systems allow 104 to 108 for the socket's whole path.
const LONGEST_SOCKET_FOLDER: usize = 90;

/// How often a port is tried before it counts as taken, and how long is waited in between: whoever
/// asks the same question at the same moment holds the port for an instant.
const TRIES: u32 = 4;
const AGAIN: Duration = Duration::from_millis(5);

/// Whether a server could listen on this port of 127.0.0.1: nobody answers there, and it can be
/// bound. Somebody else may take it the next moment. Blocks for less than a second.
pub fn port_is_free(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    // The standard library binds as PostgreSQL does, past connections that are only closing.
    let free = || {
        TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_err()
            && TcpListener::bind(address).is_ok()
    };
    (0..TRIES).any(|attempt| {
        if attempt > 0 {
            thread::sleep(AGAIN);
        }
        free()
    })
}

/// The value of `unix_socket_directories` for sockets in `folder`, or the empty text (no sockets)
/// where the path is too long for one, or cannot be written in that setting.
pub fn socket_setting(folder: &Path) -> String {
    match folder.to_str() {
        Some(text)
            if folder.as_os_str().as_bytes().len() <= LONGEST_SOCKET_FOLDER
                && !text.contains([',', '"', '\'']) =>
        {
            text.to_owned()
        }
        _ => String::new(),
    }
}

/// Bytes that an ordinary user may still write on the disk that holds `path`, or will hold it
/// once it exists.
///
/// # Errors
/// The disk cannot be asked.
pub fn free_bytes(path: &Path) -> Result<u64, FileError> {
    let absolute = std::path::absolute(path).map_err(FileError::at("find", path))?;
    let nearest = absolute
        .ancestors()
        .find(|folder| folder.exists())
        .unwrap_or(Path::new("/"));
    let disk = rustix::fs::statvfs(nearest)
        .map_err(FileError::errno_at("ask for the free space of", nearest))?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Bytes that a folder and what is below it take on disk. Links are not followed, and files that
/// vanish meanwhile, as they do under a running server, are not counted. Blocks while it walks.
///
/// # Errors
/// A folder cannot be read.
pub fn folder_bytes(path: &Path) -> Result<u64, FileError> {
    let gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let mut bytes = 0;
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if gone(&error) && folder != path => continue,
            result => result.map_err(FileError::at("read the folder", &folder))?,
        };
        for entry in entries {
            let entry = entry.map_err(FileError::at("read the folder", &folder))?;
            let meta = match entry.metadata() {
                Err(error) if gone(&error) => continue,
                result => result.map_err(FileError::at("look at", &entry.path()))?,
            };
            // Blocks are of 512 bytes here, whatever the disk's own are.
            bytes += meta.blocks() * 512;
            if meta.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_with_a_listener_is_not_free() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(!port_is_free(port));
        drop(listener);
        assert!(port_is_free(port));
    }

    #[test]
    fn those_who_ask_at_the_same_time_do_not_see_each_other() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let asking = || (0..200).filter(|_| !port_is_free(port)).count();
        let taken: usize = thread::scope(|scope| {
            let askers = [scope.spawn(asking), scope.spawn(asking)];
            askers.map(|asker| asker.join().unwrap()).iter().sum()
        });
        // They do nothing else, so that even all tries may meet, now and then.
        assert!(taken < 20, "taken {taken} times of 400");
    }

    #[test]
    fn long_and_odd_folders_get_no_sockets() {
        assert_eq!(socket_setting(Path::new("/tmp/a b")), "/tmp/a b");
        assert_eq!(
            socket_setting(Path::new(&format!("/{}", "x".repeat(90)))),
            ""
        );
        assert_eq!(socket_setting(Path::new("/tmp/a,b")), "");
    }

    #[test]
    fn space_is_counted_below_a_folder_and_on_its_disk() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder_bytes(folder.path()).unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        fs::write(folder.path().join("sub/file"), vec![7; 100_000]).unwrap();
        assert!(folder_bytes(folder.path()).unwrap() >= empty + 100_000);
        assert!(free_bytes(&folder.path().join("not/yet")).unwrap() > 0);
        assert!(folder_bytes(&folder.path().join("missing")).is_err());
    }
}
