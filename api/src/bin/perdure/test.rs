//! `perdure test FILE…`: plays the scenarios of definitions on the pure machine, without a server.
//!
//! Scenarios stand in a definition under `tests`, or beside it as `<name>.tests.json`.
//!
//! **Invariant:** nothing waits and nothing is called; what is measured is only told, never compared.

use crate::{
    compile, diagnostics,
    failure::{Exit, Failure},
    files,
    screen::{Screen, Style},
};
use machine::scenario::{self, Failure as Failed, Scenario};
use serde::Serialize;
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    time::Instant,
};
use workflows::{
    compile::Compiled,
    definition::Definition,
    diagnostic::{self, Diagnostic},
};

/// How a file of scenarios ends that stands beside a definition.
const BESIDE: &str = ".tests.json";

/// Arguments of `test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Definitions, React Flow graphs, machine configs, Typebot or n8n exports; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Plays only the scenarios of this name
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

/// What came of one file with scenarios.
#[derive(Serialize)]
struct Tested {
    file: String,
    ok: bool,
    scenarios: Vec<Played>,
    /// Why it cannot be published, or mistakes in its scenarios.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<Diagnostic>,
}

/// What came of one scenario.
#[derive(Serialize)]
struct Played {
    name: String,
    ok: bool,
    ms: u128,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Box<Failed>>,
}

/// The whole answer for programs.
#[derive(Serialize)]
struct Report<'a> {
    files: &'a [Tested],
}

/// Plays every scenario. No, when one fails, has a mistake, or its definition cannot be published.
pub(crate) fn run(args: &Args, screen: Screen) -> anyhow::Result<Exit> {
    let mut tested = Vec::new();
    for path in definitions(&args.files) {
        tested.extend(test(&path, args.only.as_deref())?);
    }
    let played = tested.iter().map(|file| file.scenarios.len()).sum::<usize>();
    let is_ok = tested.iter().all(|file| file.ok);
    if let Some(only) = args.only.as_ref().filter(|_| played == 0 && is_ok) {
        let none = format!("there is no scenario called `{only}`");
        return Err(Failure::usage(none).help("without --only all of them are played").into());
    }
    match screen.is_json() {
        true => screen.json(&Report { files: &tested })?,
        false => {
            tested.iter().try_for_each(|file| tell(file, screen))?;
            sum_up(&tested, screen)?;
        }
    }
    Ok(if is_ok { Exit::Fine } else { Exit::No })
}

/// The definitions that are meant, each once: scenarios beside one stand for it.
fn definitions(files: &[PathBuf]) -> Vec<PathBuf> {
    let mut definitions: Vec<PathBuf> = Vec::new();
    for path in files {
        let name = path.to_str().and_then(|name| name.strip_suffix(BESIDE));
        let path = name.map_or_else(|| path.clone(), |name| PathBuf::from(format!("{name}.json")));
        if !definitions.contains(&path) {
            definitions.push(path);
        }
    }
    definitions
}

/// One definition, and the scenarios beside it if there are any.
fn test(path: &Path, only: Option<&str>) -> Result<Vec<Tested>, Failure> {
    let file = path.display().to_string();
    let Compiled { definition, defers, diagnostics, tests, .. } = compile::read(path)?;
    let Some(definition) = definition else {
        return Ok(vec![Tested { file, ok: false, scenarios: Vec::new(), diagnostics }]);
    };
    let subject = Subject { definition, defers, only };
    let beside = path.with_extension(BESIDE.trim_start_matches('.'));
    if path.as_os_str() == "-" || !beside.exists() {
        return Ok(vec![subject.play(file, &tests)]);
    }
    let own = (!tests.is_empty()).then(|| subject.play(file, &tests));
    let file = beside.display().to_string();
    let others = match read_beside(&beside) {
        Ok(tests) => subject.play(file, &tests),
        Err(mistake) => {
            Tested { file, ok: false, scenarios: Vec::new(), diagnostics: vec![*mistake] }
        }
    };
    Ok(own.into_iter().chain([others]).collect())
}

/// The scenarios of a file of their own, with their places in it.
fn read_beside(path: &Path) -> Result<Vec<(Value, String)>, Box<Diagnostic>> {
    let wrong = |why: String| Box::new(Diagnostic::error("scenario-file", "", why));
    match files::read_json(path).map_err(|failure| wrong(failure.to_string()))? {
        Value::Array(tests) => {
            let tests = tests.into_iter().enumerate();
            Ok(tests.map(|(index, test)| (test, format!("/{index}"))).collect())
        }
        _ => Err(wrong("this is not a list of scenarios".to_owned())),
    }
}

/// What scenarios are played on.
struct Subject<'a> {
    definition: Definition,
    defers: bool,
    only: Option<&'a str>,
}

impl Subject<'_> {
    fn play(&self, file: String, tests: &[(Value, String)]) -> Tested {
        let (scenarios, mut diagnostics) = scenario::read(&self.definition, tests);
        diagnostic::locate(files::text(Path::new(&file)).as_bytes(), &mut diagnostics);
        let is_meant = |s: &&Scenario| self.only.is_none_or(|only| s.name() == only);
        let scenarios: Vec<Played> =
            scenarios.iter().filter(is_meant).map(|s| self.play_one(s)).collect();
        let ok = diagnostics.is_empty() && scenarios.iter().all(|played| played.ok);
        Tested { file, ok, scenarios, diagnostics }
    }

    fn play_one(&self, scenario: &Scenario) -> Played {
        let begun = Instant::now();
        let failure = scenario.run(&self.definition, self.defers).err();
        let ms = begun.elapsed().as_millis();
        Played { name: scenario.name().to_owned(), ok: failure.is_none(), ms, failure }
    }
}

fn tell(tested: &Tested, screen: Screen) -> anyhow::Result<()> {
    let none = tested.scenarios.is_empty() && tested.diagnostics.is_empty();
    let note = if none { "  no scenarios" } else { "" };
    screen.line(format!("{}{note}", screen.paint(Style::Bold, &tested.file)))?;
    let text = match tested.diagnostics.is_empty() {
        true => String::new(),
        false => files::text(Path::new(&tested.file)),
    };
    for diagnostic in &tested.diagnostics {
        let value = serde_json::to_value(diagnostic)?;
        let block = diagnostics::block(screen, &tested.file, &text, &value);
        screen.line(format!("{block}\n"))?;
    }
    for played in &tested.scenarios {
        let verdict = match played.ok {
            true => screen.paint(Style::Green, "ok    "),
            false => screen.paint(Style::Red, "FAILED"),
        };
        let time = screen.paint(Style::Dim, format!("{} ms", played.ms));
        screen.line(format!("  {verdict}  {}  {time}", played.name))?;
        if let Some(failure) = &played.failure {
            for line in failure.to_string().lines() {
                screen.line(format!("    {line}"))?;
            }
        }
    }
    Ok(())
}

fn sum_up(tested: &[Tested], screen: Screen) -> anyhow::Result<()> {
    let played = || tested.iter().flat_map(|file| &file.scenarios);
    let failed = played().filter(|played| !played.ok).count();
    let refused = tested.iter().filter(|file| !file.diagnostics.is_empty()).count();
    let mut sum = format!("{} passed, {failed} failed", played().count() - failed);
    if refused > 0 {
        sum = format!("{sum}, {refused} with mistakes");
    }
    Ok(screen.line(sum)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const DOOR: &str = r#""id": "door", "initial": "closed", "states": {"closed": {"on": {"OPEN": "open"}}, "open": {"on": {"CLOSE": "closed"}}}"#;
    const OPENS: &str = r#"{"name": "opens", "script": [{"start": {}}, {"send": {"type": "OPEN"}}, {"expect": {"state": "open"}}]}"#;
    /// A bare machine drops what it cannot use, as in a simulation.
    const STAYS: &str = r#"{"name": "stays open", "script": [{"start": {}}, {"send": {"type": "CLOSE"}}, {"send": {"type": "OPEN"}}, {"expect": {"state": "closed"}}]}"#;

    /// File, whether it is well, what was played, what was told.
    fn summary(tested: &[Tested]) -> Vec<String> {
        let word = |played: &Played| format!("{} {}", played.name, played.ok);
        let line = |tested: &Tested| {
            let file = Path::new(&tested.file).file_name().unwrap_or_default().to_string_lossy();
            let played: Vec<_> = tested.scenarios.iter().map(word).collect();
            let told: Vec<_> = tested.diagnostics.iter().map(|d| d.code).collect();
            format!("{file} {} {played:?} {told:?}", tested.ok)
        };
        tested.iter().map(line).collect()
    }

    fn check(case: &str, files: &[(&str, String)], only: Option<&str>, wanted: &[&str]) {
        let folder =
            std::env::temp_dir().join(format!("perdure-test-{}-{case}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
        let tested = test(&folder.join(files[0].0), only).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(summary(&tested), wanted, "{case}");
    }

    #[test]
    fn scenarios_in_a_definition_and_beside_it() {
        let inside = |tests: &str| {
            let head = r#""perdure": 1, "name": "door""#;
            ("d.json", format!(r#"{{{head}, "machine": {{{DOOR}}}, "tests": {tests}}}"#))
        };
        let bare = ("d.json", format!("{{{DOOR}}}"));
        let beside = ("d.tests.json", format!("[{OPENS}, {STAYS}]"));
        let both = [inside(&format!("[{OPENS}]")), beside.clone()];
        let well = r#"d.json true ["opens true"] []"#;
        let others = r#"d.tests.json false ["opens true", "stays open false"] []"#;
        check("inside", &both[..1], None, &[well]);
        check("both", &both, None, &[well, others]);
        check("beside", &[bare.clone(), beside.clone()], None, &[others]);
        check("only", &both, Some("opens"), &[well, r#"d.tests.json true ["opens true"] []"#]);
        check("none", std::slice::from_ref(&bare), None, &["d.json true [] []"]);
        let odd = ("d.tests.json", "{}".to_owned());
        let refused = r#"d.tests.json false [] ["scenario-file"]"#;
        check("odd", &[bare, odd], None, &[refused]);
        let wrong = inside(r#"[{"name": "x"}]"#);
        check("mistake", &[wrong], None, &[r#"d.json false [] ["scenario-shape"]"#]);
        check(
            "unreadable",
            &[("d.json", "{".to_owned())],
            None,
            &[r#"d.json false [] ["json-syntax"]"#],
        );
    }

    #[test]
    fn a_definition_is_meant_once() {
        let files = ["a.json", "a.tests.json", "b.tests.json", "-", "a.json"].map(PathBuf::from);
        let wanted = ["a.json", "b.json", "-"].map(PathBuf::from);
        assert_eq!(definitions(&files), wanted);
    }
}
