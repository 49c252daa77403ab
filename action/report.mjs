// Shows, when a step has failed, what each world's clients sent and what they were answered: in the log and in the job's summary.
import { appendFileSync, readFileSync } from "node:fs";

const { STATE_url: url, STATE_log: log, GITHUB_STEP_SUMMARY: summary } = process.env;

async function ask(path) {
  const response = await fetch(new URL(path, url));
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
}

function show(title, text) {
  if (!text.trim()) return;
  console.log(`::group::${title}\n${text.trimEnd()}\n::endgroup::`);
  appendFileSync(summary, `### ${title}\n\n~~~~text\n${text.trimEnd()}\n~~~~\n\n`);
}

if (url) {
  try {
    for (const { id } of (await (await ask("/_mock/worlds")).json()).worlds) {
      show(`Requests to the mock server in world ${id}`, await (await ask(`/_mock/worlds/${encodeURIComponent(id)}/report`)).text());
    }
  } catch (error) {
    console.log(`::warning::The mock server could not be asked what it got: ${error.message}`);
  }
  show("Errors of the mock server", readFileSync(log, "utf8"));
}
