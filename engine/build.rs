//! Lists the statements under `src/store/sql` for the test that describes them all, and joins those that most batches of turns
//! are made of into one statement, so that such a batch takes one round trip; and, for each choice of them, into one for a turn alone.

use std::{env, error::Error, fmt::Write, fs, path::Path};

/// What `write_turns` is joined of, in the order of its arguments; and whether rows are looked for by it, which depends on the plan.
const WRITE_TURNS: [(&str, &str, bool); 7] = [
    ("born", "insert_instances", false),
    ("turned", "update_instances", true),
    ("recorded", "insert_history", false),
    ("set_timers", "insert_timers", false),
    ("stopped", "delete_timers", true),
    ("opened", "insert_outbox", false),
    ("emptied", "delete_outbox", true),
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/store/sql");
    println!("cargo::rerun-if-changed=../migrations");
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("src/store/sql");
    let out = env::var("OUT_DIR")?;
    let mut files = Vec::new();
    for (name, form) in [("write_turns.sql", Form::Many), ("write_turn.sql", Form::One)] {
        let joined = Path::new(&out).join(name);
        fs::write(&joined, write_turns(&folder, form, ALL)?)?;
        files.push(joined);
    }
    let alone: Result<Vec<String>, _> =
        (0..=ALL).map(|parts| write_turns(&folder, Form::One, parts)).collect();
    fs::write(Path::new(&out).join("write_turn.rs"), format!("{:?}", alone?))?;
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "sql") {
            files.push(path);
        }
    }
    files.sort_by(|a, b| a.file_name().cmp(&b.file_name()));
    let mut list = String::from("&[\n");
    for path in files {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        writeln!(list, "    ({name:?}, include_str!({:?})),", path.display().to_string())?;
    }
    list.push(']');
    fs::write(Path::new(&out).join("statements.rs"), list)?;
    Ok(())
}

/// All of them: a bit for each, the first one lowest.
const ALL: u32 = (1 << WRITE_TURNS.len()) - 1;

/// How many rows the parts that look for rows look for.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// Any number, given as arrays.
    Many,
    /// At most one, given as plain values (null: none). Whatever is known of the tables, it is found by its key, so Postgres
    /// plans once and not for each batch: most of the time of a turn at rest was planning.
    One,
}

/// The statements of [`WRITE_TURNS`] that `chosen` has the bits of, each with its arguments behind those of the one before. The last
/// argument of all is how many instances are to be written: if it is another number, all is undone.
fn write_turns(folder: &Path, form: Form, chosen: u32) -> Result<String, Box<dyn Error>> {
    let mut n_before = 0;
    let mut parts = Vec::new();
    for (place, (name, file, looks)) in WRITE_TURNS.into_iter().enumerate() {
        if chosen & (1 << place) == 0 {
            continue;
        }
        let mut statement = fs::read_to_string(folder.join(format!("{file}.sql")))?;
        // One whose id or key is taken is rare: then the statement fails, and the careful way finds out which. Looking first costs
        // two searches, a row of the log and a lock for each that is started.
        statement = statement.replace("on conflict do nothing\n", "");
        if looks && form == Form::One {
            statement = one_row(&statement)?;
        }
        let (shifted, most) = shift(&statement, n_before)?;
        parts.push(format!("{name} as (\n{shifted})"));
        n_before = most;
    }
    let counted = |bit, name| match chosen & bit {
        0 => String::new(),
        _ => format!(" + (select count(*) from {name})"),
    };
    let (born, turned) = (counted(1, "born"), counted(2, "turned"));
    let wanted = n_before + 1;
    let with = if parts.is_empty() { "" } else { "with " };
    let parts = parts.join(",\n");
    Ok(format!("{with}{parts}\nselect perdure_expect(0{born}{turned}, ${wanted}) as turns\n"))
}

/// The statement with one row of values, or one record, in place of the rows of its arrays.
fn one_row(statement: &str) -> Result<String, Box<dyn Error>> {
    let (before, rest) = statement.split_once("unnest(").ok_or("no arrays in it")?;
    let (arrays, after) = rest.split_once(") as ").ok_or("the arrays do not end")?;
    let values = arrays.replace("[]", "");
    let is_record = !values.contains(',');
    let row = if is_record { format!("select ({values}).*") } else { format!("values ({values})") };
    Ok(format!("{before}({row}) as {after}"))
}

/// The statement with `by` added to the number of each argument, and the highest number then.
fn shift(statement: &str, by: usize) -> Result<(String, usize), Box<dyn Error>> {
    let mut pieces = statement.split('$');
    let mut shifted = pieces.next().unwrap_or_default().to_owned();
    let mut most = by;
    for piece in pieces {
        let end = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
        let number = piece[..end].parse::<usize>()? + by;
        most = most.max(number);
        write!(shifted, "${number}{}", &piece[end..])?;
    }
    Ok((shifted, most))
}
