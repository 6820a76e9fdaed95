//! Lists the statements under `src/store/sql` for the test that describes them all, and joins those that most batches of turns
//! are made of into one statement, so that such a batch takes one round trip; and, for each choice of them, into one for a turn alone.

use std::{env, error::Error, fmt::Write, fs, path::Path};

/// What `write_turns` is joined of, in the order of its arguments.
const WRITE_TURNS: [(&str, &str); 7] = [
    ("born", "insert_instances"),
    ("turned", "update_instances"),
    ("recorded", "insert_history"),
    ("set_timers", "insert_timers"),
    ("stopped", "delete_timers"),
    ("opened", "insert_outbox"),
    ("emptied", "delete_outbox"),
];

/// Those of them whose rows are instances.
const COUNTED: [&str; 2] = ["born", "turned"];

/// How many statements there are for a turn alone: one for each choice of six bits, see [`alone`].
const ALONE: u32 = 1 << 6;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/store/sql");
    println!("cargo::rerun-if-changed=../migrations");
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("src/store/sql");
    let out = env::var("OUT_DIR")?;
    let joined = Path::new(&out).join("write_turns.sql");
    fs::write(&joined, write_turns(&folder, [Some(Form::Many); 7])?)?;
    let most = Path::new(&out).join("write_turn.sql");
    fs::write(&most, write_turns(&folder, alone(ALONE - 1))?)?;
    let mut files = vec![joined, most];
    let alone: Result<Vec<String>, _> =
        (0..ALONE).map(|bits| write_turns(&folder, alone(bits))).collect();
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

/// How a part takes its rows.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// Any number, given as arrays.
    Many,
    /// One, given as plain values. Whatever is known of the tables, it is found by its key, so Postgres plans once and not for each
    /// batch, and it sets up no function that returns rows: with one row, planning and setting up are most of the work.
    One,
}

/// The parts of a turn alone. The bits, the first one lowest: it is born; it is turned; it is several turns; it sets timers; it stops one;
/// it opens steps. It leaves rows of the outbox to others.
fn alone(bits: u32) -> [Option<Form>; 7] {
    let one = |bit| (bits & bit != 0).then_some(Form::One);
    let turns = if bits & 4 == 0 { Form::One } else { Form::Many };
    let timers = one(8).map(|_| Form::Many);
    [one(1), one(2), Some(turns), timers, one(16), one(32), None]
}

/// The statements of [`WRITE_TURNS`] that there are forms for, each with its arguments behind those of the one before. The last
/// argument of all is how many instances are to be written: if it is another number, all is undone.
fn write_turns(folder: &Path, forms: [Option<Form>; 7]) -> Result<String, Box<dyn Error>> {
    let mut n_before = 0;
    let (mut parts, mut counts) = (Vec::new(), String::new());
    for ((name, file), form) in WRITE_TURNS.into_iter().zip(forms) {
        let Some(form) = form else { continue };
        let mut statement = fs::read_to_string(folder.join(format!("{file}.sql")))?;
        // One whose id or key is taken is rare: then the statement fails, and the careful way finds out which. Looking first costs
        // two searches, a row of the log and a lock for each that is started.
        statement = statement.replace("on conflict do nothing\n", "");
        if form == Form::One {
            statement = one_row(&statement)?;
        }
        // It is only counted what was written of instances. To tell of a row that was deleted, it would be read again.
        let is_counted = COUNTED.contains(&name);
        if let Some((written, _)) = statement.split_once("returning ") {
            statement = format!("{written}{}", if is_counted { "returning 1\n" } else { "" });
        }
        if is_counted {
            write!(counts, " + (select count(*) from {name})")?;
        }
        let (shifted, most) = shift(&statement, n_before)?;
        parts.push(format!("{name} as (\n{shifted})"));
        n_before = most;
    }
    let wanted = n_before + 1;
    let parts = parts.join(",\n");
    Ok(format!("with {parts}\nselect perdure_expect(0{counts}, ${wanted}) as turns\n"))
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
