//! Reading a file of an archive, and finding out whether it is whole.

use super::{FORMAT, Kind, Line, Manifest, broken, hex};
use crate::{Result, limits::ARCHIVE_LINE_BYTES_MAX};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

/// Where the manifest of a file is.
pub fn manifest_path(file: &Path) -> PathBuf {
    let text = file.to_string_lossy();
    PathBuf::from(format!("{}.manifest.json", text.strip_suffix(".jsonl.zst").unwrap_or(&text)))
}

/// Reads the manifest of a file.
pub fn manifest(file: &Path) -> Result<Manifest> {
    let path = manifest_path(file);
    let text = fs::read(&path).map_err(|e| broken(&path, e))?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|e| broken(&path, e))?;
    match manifest.format {
        FORMAT => Ok(manifest),
        other => Err(broken(&path, format!("it has format {other}, this release reads {FORMAT}"))),
    }
}

/// Gives every line of a file to `each`, in order. Blocks.
pub fn lines(file: &Path, mut each: impl FnMut(&[u8], Line) -> Result<()>) -> Result<()> {
    let opened = File::open(file).map_err(|e| broken(file, e))?;
    let decoder = zstd::Decoder::new(opened).map_err(|e| broken(file, e))?;
    let mut reader = BufReader::new(decoder);
    let mut text = Vec::new();
    loop {
        text.clear();
        let most = ARCHIVE_LINE_BYTES_MAX as u64;
        let read = reader.by_ref().take(most).read_until(b'\n', &mut text);
        if read.map_err(|e| broken(file, e))? == 0 {
            return Ok(());
        }
        let line = serde_json::from_slice(&text).map_err(|e| broken(file, e))?;
        each(&text, line)?;
    }
}

/// Whether the file is, byte for byte and line for line, what its manifest says; an error tells what is not. Blocks.
pub fn verify(folder: &Path, manifest: &Manifest) -> Result<()> {
    let file = folder.join(&manifest.file);
    if sha256_of(&file)? != manifest.sha256 {
        return Err(broken(&file, "its digest is not the one of its manifest"));
    }
    let mut content = Sha256::new();
    let (mut instances, mut turns, mut checkpoints) = (0, 0, 0);
    lines(&file, |text, line| {
        content.update(text);
        match line.line {
            Kind::Instance => instances += 1,
            Kind::Turn => turns += 1,
            Kind::Checkpoint => checkpoints += 1,
        }
        Ok(())
    })?;
    let wanted = (manifest.instances, manifest.turns, manifest.checkpoints);
    if (instances, turns, checkpoints) != wanted
        || hex(&content.finalize()) != manifest.content_sha256
    {
        return Err(broken(&file, "its lines are not those of its manifest"));
    }
    Ok(())
}

/// SHA-256 of a file.
pub(crate) fn sha256_of(file: &Path) -> Result<String> {
    let mut opened = File::open(file).map_err(|e| broken(file, e))?;
    let mut digest = Sha256::new();
    let mut part = vec![0; 256 * 1024];
    loop {
        let n = opened.read(&mut part).map_err(|e| broken(file, e))?;
        if n == 0 {
            return Ok(hex(&digest.finalize()));
        }
        digest.update(&part[..n]);
    }
}
