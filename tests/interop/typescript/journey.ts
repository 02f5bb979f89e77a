// The journey of a resident's app, on a client made from openapi.yaml (openapi-typescript for the types, openapi-fetch to ask).
// Says what it saw as one line of JSON, which the test reads.

import { randomBytes, randomUUID } from "node:crypto";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Problem = components["schemas"]["Problem"];
type ReportIn = components["schemas"]["ReportIn"];

const baseUrl = process.env["BASE_URL"] ?? "http://127.0.0.1:8311";
const place = { lon: Number(process.env["LON"]), lat: Number(process.env["LAT"]) };
const secret = randomBytes(32).toString("base64url");
const api = createClient<paths>({ baseUrl, headers: { "Accept-Language": "es" } });
const mine = createClient<paths>({
  baseUrl,
  headers: { "Accept-Language": "es", Authorization: `Bearer ${secret}` },
});

/** What an app does with its draft. The compiler sees to it that no value of `retry` is forgotten. */
function whatToDo(problem: Problem): "keep and show" | "send again" | "send later" {
  switch (problem.retry) {
    case "never":
      return "keep and show";
    case "same":
      return "send again";
    case "later":
      return "send later";
    default: {
      const forgotten: never = problem.retry;
      throw new Error(`retry is ${String(forgotten)}`);
    }
  }
}

function good<T>(answer: { data?: T; error?: unknown; response: Response }): T {
  if (answer.data === undefined) {
    throw new Error(`${answer.response.status} ${JSON.stringify(answer.error)}`);
  }
  return answer.data;
}

// A phone registers itself: its id and its secret are made on it.
const device_id = randomUUID();
const phone = good(
  await api.PUT("/v1/devices/{device_id}", {
    params: { path: { device_id } },
    body: { secret, language: "es", push: { kind: "fcm_token", value: "a-phone-of-typescript" } },
  }),
);
const push: string = phone.push?.kind ?? "none";

// What can be reported, with every form.
const categories = good(await mine.GET("/v1/categories", {}));
const pothole = categories.items.find((category) => category.code === "pothole");
if (pothole === undefined) throw new Error("There is no category for potholes.");
const group: string | undefined = pothole.group?.name;

// The form, filled in with the first choice of whatever must be answered. Types that this app does not know it leaves out.
const answers: Record<string, unknown> = {};
for (const question of pothole.questions) {
  const choice = question.choices.find((offered) => offered.stop === null);
  if (question.required && question.type === "choice" && choice !== undefined) {
    answers[question.code] = choice.code;
  }
}

// The report, and the same again as after a lost answer.
const report: ReportIn = {
  id: randomUUID(),
  category: pothole.code,
  form_version: pothole.form_version,
  location: { ...place, accuracy_m: 8 },
  description: "Un bache hondo.",
  answers,
  captured_at: new Date().toISOString(),
};
const header = { "Idempotency-Key": report.id };
const first = await mine.POST("/v1/reports", { params: { header }, body: report });
const again = await mine.POST("/v1/reports", { params: { header }, body: report });
const receipt = good(first);
const isSame = JSON.stringify(good(again)) === JSON.stringify(receipt);
const phase: "open" | "in_progress" | "closed" = receipt.status.phase;

// Problems: the same key for something else, and a field that is wrong.
const reused = await mine.POST("/v1/reports", {
  params: { header },
  body: { ...report, description: "Otra cosa." },
});
const wrong = await mine.POST("/v1/reports", {
  params: { header: { "Idempotency-Key": randomUUID() } },
  body: { ...report, id: randomUUID(), category: "not-a-category" },
});
if (reused.error === undefined || wrong.error === undefined) throw new Error("Both should have been refused.");
const fault = wrong.error.errors?.[0];

// Follow, comment, read the timeline page by page.
const path = { report_id: report.id };
const followed = await mine.PUT("/v1/reports/{report_id}/follow", { params: { path } });
const comment = good(
  await mine.POST("/v1/reports/{report_id}/comments", {
    params: { path, header: { "Idempotency-Key": randomUUID() } },
    body: { text: "Sigue creciendo." },
  }),
);
const kinds: string[] = [];
let cursor: string | null = null;
do {
  const query: { limit: number; cursor?: string } = cursor === null ? { limit: 1 } : { limit: 1, cursor };
  const page: components["schemas"]["TimelineOut"] = good(
    await mine.GET("/v1/reports/{report_id}/timeline", { params: { path, query } }),
  );
  for (const line of page.items) kinds.push(`${line.kind} ${line.to_status?.label ?? ""}`.trim());
  cursor = page.next;
} while (cursor !== null);

// My own reports, and nothing when nothing has changed.
const list = await mine.GET("/v1/reports", { params: { query: { mine: true } } });
const known = list.response.headers.get("ETag") ?? "";
const unchanged = await mine.GET("/v1/reports", {
  params: { query: { mine: true }, header: { "If-None-Match": known } },
});

console.log(
  JSON.stringify({
    push,
    pothole: pothole.name,
    group: group ?? null,
    answers,
    statuses: [first.response.status, again.response.status],
    isSame,
    phase,
    reference: receipt.reference,
    department: receipt.department?.name ?? null,
    reused: [reused.error.type, whatToDo(reused.error)],
    wrong: [wrong.error.type, fault?.pointer, fault?.code],
    followed: followed.response.status,
    comment: comment.text,
    kinds,
    mine: good(list).items.map((item) => item.id === report.id),
    unchanged: unchanged.response.status,
  }),
);
