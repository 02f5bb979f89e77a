"use strict";
const words = __WORDS__;
const verbs = { in_progress: "start", on_hold: "hold", scheduled: "schedule", resolved: "resolve" };
// The part behind # never leaves the browser by itself, so that the token stands in no log of any server.
const token = location.hash.slice(1);
const said = document.getElementById("said");

async function ask(method, path, body, headers = {}) {
  const answer = await fetch(path, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const told = await answer.json();
  if (!answer.ok) throw new Error([told.detail, ...(told.errors || []).map((fault) => `${fault.pointer} ${fault.message}`)].join(" "));
  return told;
}

function made(tag, text, attributes = {}) {
  const node = Object.assign(document.createElement(tag), attributes);
  if (text !== undefined) node.textContent = text;
  return node;
}

function field(label, node) {
  const whole = made("label", label);
  whole.append(node);
  return whole;
}

function card(report) {
  const box = made("article");
  box.dataset.reference = report.reference;
  const where = `geo:${report.location.lat},${report.location.lon}`;
  const place = made("p");
  place.append(made("a", `${report.location.lat.toFixed(5)}, ${report.location.lon.toFixed(5)}`, { href: where }));
  box.append(
    made("h2", `${report.category.name} · ${report.reference}`),
    made("p", report.status.label, { className: "status" }),
    made("p", report.address || "", { className: "where" }),
    place,
    made("p", report.description, { className: "what", dir: "auto" }),
  );
  const note = made("textarea", undefined, { rows: 3, name: "note" });
  const reason = made("input", undefined, { name: "reason" });
  const day = made("input", undefined, { type: "datetime-local", name: "expected_at" });
  if (report.moves.length) box.append(field(words.note, note));
  if (report.moves.includes("on_hold")) box.append(field(words.reason, reason));
  if (report.moves.includes("scheduled")) box.append(field(words.expected_at, day));
  const fault = made("p", "", { className: "bad", role: "alert" });
  for (const status of report.moves) {
    const button = made("button", words[verbs[status]], { type: "button" });
    // Pressed again after a lost answer with the same words, it is the same request: nothing is done twice.
    const tries = new Map();
    button.addEventListener("click", async () => {
      const body = {};
      if (note.value.trim()) body.note = note.value;
      if (status === "on_hold" && reason.value.trim()) body.reason = reason.value;
      if (status === "scheduled" && day.value) body.expected_at = new Date(day.value).toISOString();
      const told = JSON.stringify(body);
      if (!tries.has(told)) tries.set(told, { key: crypto.randomUUID(), captured_at: new Date().toISOString() });
      const { key, captured_at } = tries.get(told);
      const headers = { "Idempotency-Key": key, "If-Match": `"${report.version}"` };
      button.disabled = true;
      try {
        const path = `/v1/work/${report.id}/${verbs[status]}`;
        box.replaceWith(card(await ask("POST", path, { ...body, captured_at }, headers)));
      } catch (error) {
        fault.textContent = error.message || words.failed;
        button.disabled = false;
      }
    });
    box.append(button);
  }
  box.append(fault);
  return box;
}

async function begin() {
  const found = (await ask("GET", "/v1/work/packages")).items;
  const reports = found.length
    ? (await ask("GET", `/v1/work/packages/${found[0].id}`)).stops.map((stop) => stop.report)
    : (await ask("GET", "/v1/work?limit=100")).items;
  said.textContent = reports.length ? "" : words.nothing;
  document.getElementById("work").append(...reports.map(card));
}

begin().catch((error) => {
  said.textContent = error.message || words.failed;
  said.className = "bad";
});
