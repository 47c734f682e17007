//! How much room there is on the disk of the archive.

use std::path::Path;

use super::ArchiveError;

/// Bytes that we may still write on the disk that holds `dir`.
///
/// # Errors
/// When the system does not say.
pub fn free_bytes(dir: &Path) -> Result<u64, ArchiveError> {
    let disk = rustix::fs::statvfs(dir)
        .map_err(|error| ArchiveError::io("ask for the free space of", dir)(error.into()))?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_written_to_has_room() {
        let dir = tempfile::tempdir().unwrap();
        assert!(free_bytes(dir.path()).unwrap() > 0);
        let error = free_bytes(&dir.path().join("nowhere")).unwrap_err().to_string();
        assert!(error.contains("nowhere"), "{error}");
    }
}
