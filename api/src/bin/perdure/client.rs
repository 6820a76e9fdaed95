//! Speaks HTTP to a running Perdure.
//!
//! **Invariant:** a refusal is shown in the server's own words, with its code; a key is never
//! printed.

use crate::failure::Failure;
use reqwest::{Method, StatusCode, Url};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// Longest time of one call; `send --wait` is the slowest.
const CALL_TIMEOUT: Duration = Duration::from_secs(90);
/// Rows asked for at once.
const PAGE: usize = 200;
/// Where `perdure dev` writes how it is reached.
const DEV_ENV: &str = ".perdure/dev.env";

/// Which server, and as whom: flags, then environment, then the nearest `.perdure/dev.env`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Server {
    /// Address of the server [default: the nearest .perdure/dev.env, upwards from here]
    #[arg(long, global = true, env = "PERDURE_URL", value_name = "URL", help_heading = "Server")]
    url: Option<String>,
    /// Key to it [default: as for --url]
    #[arg(
        long,
        global = true,
        env = "PERDURE_API_KEY",
        hide_env_values = true,
        value_name = "KEY",
        help_heading = "Server"
    )]
    api_key: Option<String>,
}

/// A connection to the server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: Url,
    key: Option<String>,
}

impl Client {
    /// Finds out which server is meant. Does not call it.
    pub(crate) fn new(server: &Server) -> anyhow::Result<Self> {
        let dev = find_dev_env().map(|path| read_dev_env(&path)).unwrap_or_default();
        let of_dev =
            |name: &str| dev.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let url = server.url.clone().or_else(|| of_dev("PERDURE_URL"));
        let Some(url) = url else {
            return Err(Failure::usage(
                "which server? there is no --url, no PERDURE_URL and no .perdure/dev.env",
            )
            .help("start one with `perdure dev`, or name one with --url http://127.0.0.1:7070")
            .into());
        };
        // The key in dev.env opens that server only.
        let is_dev = of_dev("PERDURE_URL").as_ref() == Some(&url);
        let key = server.api_key.clone().or_else(|| of_dev("PERDURE_API_KEY").filter(|_| is_dev));
        Self::at(&url, key)
    }

    /// A client of this address.
    pub(crate) fn at(url: &str, key: Option<String>) -> anyhow::Result<Self> {
        // Another part of the process may have installed it already; it is the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(parsed) = parsed else {
            return Err(Failure::usage(format!("`{url}` is not an address"))
                .help("for example http://127.0.0.1:7070")
                .into());
        };
        let http = reqwest::Client::builder().timeout(CALL_TIMEOUT).no_proxy().build()?;
        Ok(Self { http, url: parsed, key })
    }

    pub(crate) async fn get(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> anyhow::Result<Value> {
        let request = self.request(Method::GET, path, query);
        self.answer(request).await
    }

    pub(crate) async fn post(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        body: &impl Serialize,
    ) -> anyhow::Result<Value> {
        let request = self.request(Method::POST, path, query).json(body);
        self.answer(request).await
    }

    pub(crate) async fn put(&self, path: &[&str], body: &impl Serialize) -> anyhow::Result<Value> {
        let request = self.request(Method::PUT, path, &[]).json(body);
        self.answer(request).await
    }

    pub(crate) async fn delete(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> anyhow::Result<Value> {
        let request = self.request(Method::DELETE, path, query);
        self.answer(request).await
    }

    /// Sends bytes as they are: a definition is named by a digest of its own text. The status tells
    /// what the answer is.
    pub(crate) async fn upload(
        &self,
        query: &[(&str, String)],
        body: Vec<u8>,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let request = self.request(Method::POST, &["v1", "definitions"], query);
        self.send(request.header("content-type", "application/json").body(body)).await
    }

    /// Every item of a list, page by page, up to `items_max`.
    pub(crate) async fn list(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        items_max: usize,
    ) -> anyhow::Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut query = query.to_vec();
            query.push(("limit", PAGE.min(items_max - items.len()).to_string()));
            query.extend(after.take().map(|after| ("after", after)));
            let page = self.get(path, &query).await?;
            // A history is a plain list, and its turns are their own cursor.
            let (found, next) = match page {
                Value::Array(turns) => {
                    let last = turns.last().map(|turn| turn["seq"].clone());
                    (turns, last.unwrap_or_default())
                }
                mut page => {
                    let items = page["items"].as_array().cloned();
                    (items.unwrap_or_default(), page["next"].take())
                }
            };
            let is_last = found.is_empty() || next.is_null();
            items.extend(found);
            if is_last || items.len() >= items_max {
                return Ok(items);
            }
            after = Some(crate::screen::text_of(&next));
        }
    }

    fn request(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
    ) -> reqwest::RequestBuilder {
        let mut url = self.url.clone();
        // Segment by segment, so that what a user typed as an id cannot become another route.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let request = self.http.request(method, url).query(query);
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
        match self.send(request).await? {
            (status, body) if status.is_success() => Ok(body),
            (status, body) => Err(refusal(status, &body).into()),
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<(StatusCode, Value)> {
        let unreachable = |error: reqwest::Error| {
            let why = match error.is_timeout() {
                true => "did not answer in time",
                false => "cannot be reached",
            };
            Failure::refused(format!("{} {why}", self.url))
                .help("is it running? `perdure dev` starts one")
        };
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let text = answer.text().await.map_err(unreachable)?;
        Ok((status, serde_json::from_str(&text).unwrap_or_else(|_| json!({ "detail": text }))))
    }
}

/// A problem of the server as a failure.
pub(crate) fn refusal(status: StatusCode, problem: &Value) -> Failure {
    let text = |field: &str| problem[field].as_str().filter(|text| !text.is_empty());
    let detail = text("detail").or_else(|| text("title")).unwrap_or("the server refused").trim();
    let code = text("code").map_or_else(|| status.as_u16().to_string(), str::to_owned);
    let failure = Failure::refused(format!("{detail} [{code}]"));
    match status {
        StatusCode::UNAUTHORIZED => failure.help("give a key with --api-key or PERDURE_API_KEY"),
        _ => match text("help") {
            Some(help) => failure.help(help),
            None => failure,
        },
    }
}

fn find_dev_env() -> Option<PathBuf> {
    let here = env::current_dir().ok()?;
    here.ancestors().map(|folder| folder.join(DEV_ENV)).find(|path| path.is_file())
}

/// The `KEY=VALUE` lines of a file; nothing if it cannot be read.
pub(crate) fn read_dev_env(path: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).collect()
}
