//! A terminal of the test's own, for what only happens where somebody can be asked.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::fd::OwnedFd,
    path::PathBuf,
    process::{Child, Command},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use rustix::{
    fs::{Mode, OFlags, open},
    process::Signal,
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

use crate::{schemas::hold_screen_against_schemas, send, wait_until};

/// A program on a terminal.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    arguments: Vec<String>,
    folder: PathBuf,
    keyboard: File,
    screen: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    pub(crate) fn start(mut command: Command, columns: u16) -> Self {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let line: OwnedFd = open(name.as_c_str(), flags, Mode::empty()).unwrap();
        let size = Winsize {
            ws_row: 24,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&line, size).unwrap();
        let child = command
            .stdin(line.try_clone().unwrap())
            .stdout(line.try_clone().unwrap())
            .stderr(line)
            .spawn()
            .unwrap();
        let arguments = command.get_args();
        let arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
        let arguments = arguments.collect();
        let folder = command.get_current_dir().unwrap().to_owned();
        // Or the terminal would never end.
        drop(command);
        let keyboard = File::from(master);
        let screen = Arc::new(Mutex::new(String::new()));
        let reader = std::thread::spawn({
            let (mut from, to) = (keyboard.try_clone().unwrap(), Arc::clone(&screen));
            move || {
                let mut bytes = [0; 4096];
                // A terminal whose program has ended answers with an error.
                while let Ok(read @ 1..) = from.read(&mut bytes) {
                    let text = String::from_utf8_lossy(&bytes[..read]);
                    to.lock().unwrap().push_str(&text);
                }
            }
        });
        Self {
            child,
            arguments,
            folder,
            keyboard,
            screen,
            reader: Some(reader),
        }
    }

    /// What has been shown so far.
    pub fn screen(&self) -> String {
        self.screen.lock().unwrap().clone()
    }

    /// Waits until something is shown.
    pub fn shows(&self, words: &str) {
        wait_until(&format!("the terminal shows `{words}`"), || {
            self.screen().contains(words)
        });
    }

    /// Types a line.
    pub fn types(&mut self, line: &str) {
        self.types_no_line(&format!("{line}\n"));
    }

    /// Types some keys.
    pub fn types_no_line(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Sends the program a signal.
    pub fn signal(&self, signal: Signal) {
        send(self.child.id(), signal);
    }

    /// Waits for the end: the exit code and all that was shown.
    pub fn ends(mut self) -> (i32, String) {
        let mut status = None;
        wait_until("the program on the terminal ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        let code = status.and_then(|status| status.code()).unwrap_or(-1);
        let screen = self.screen();
        hold_screen_against_schemas(&self.arguments, &self.folder, code, &screen);
        (code, screen)
    }
}
