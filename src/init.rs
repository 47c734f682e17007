//! What `gongkai init` writes: a commented configuration and an example of a seed.

use std::io::Write as _;
use std::path::{Path, PathBuf};

const FILES: [(&str, &str); 2] = [
    ("config.toml", include_str!("../config.toml")),
    ("seeds/example.toml", include_str!("../seeds/example.toml")),
];

/// A file that was to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its path.
    pub path: PathBuf,
    /// It was there already, and was left as it is.
    pub existed: bool,
}

/// A file cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", path.display())]
pub struct InitError {
    /// Its path.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub source: std::io::Error,
}

/// Writes the files into `dir`; what exists is left as it is.
///
/// # Errors
/// When a folder or file cannot be made.
pub fn init(dir: &Path) -> Result<Vec<Written>, InitError> {
    FILES.iter().map(|(name, text)| write_new(dir.join(name), text)).collect()
}

fn write_new(path: PathBuf, text: &str) -> Result<Written, InitError> {
    let write = || {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        match std::fs::File::create_new(&path) {
            Ok(mut file) => file.write_all(text.as_bytes()).map(|()| false),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(true),
            Err(error) => Err(error),
        }
    };
    match write() {
        Ok(existed) => Ok(Written { path, existed }),
        Err(source) => Err(InitError { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exists_is_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("config.toml"), "mine").unwrap();
        let written = init(dir.path()).unwrap();
        assert_eq!(written.iter().map(|file| file.existed).collect::<Vec<_>>(), [true, false]);
        assert_eq!(std::fs::read(dir.path().join("config.toml")).unwrap(), b"mine");
        assert!(init(dir.path()).unwrap().iter().all(|file| file.existed));
    }
}
