// Everything about one cell, one person or one target: what, until when, by which request, and
// whether git gives it.

const LIMIT = 200;
let before = null;

// What a row or a column is called in the address: a person and a stranger may have one name,
// and so may an asset and an instance.
const keyOf = (one) => `${one.kind}:${one.name}`;

// `who` or `target` may be null: then it is about all of the other.
const openDetail = (who, target) => {
  before = document.activeElement;
  go({
    who: who === null ? "" : keyOf(matrix.people[who]),
    what: target === null ? "" : keyOf(matrix.targets[target]),
  });
  at("detail").focus();
};

const closeDetail = () => {
  go({ who: "", what: "" });
  if (before && before.isConnected) before.focus();
  else if (grid.box) focusCell();
};

const drawDetail = () => {
  const panel = at("detail");
  const who = matrix.people.findIndex((one) => keyOf(one) === state.who);
  const what = matrix.targets.findIndex((one) => keyOf(one) === state.what);
  // What the address names may not be there any more.
  panel.hidden = (who < 0 && what < 0) || (state.who && who < 0) || (state.what && what < 0);
  if (panel.hidden) return;
  const title = [who < 0 ? "" : personName(matrix.people[who]), what < 0 ? "" : matrix.targets[what].name].filter(Boolean);
  panel.setAttribute("aria-label", title.join(", "));
  panel.replaceChildren(
    el("header", null, el("h2", null, title.join(" → ")),
      el("button", { type: "button", class: "close", "aria-label": say("close"), click: closeDetail }, "×")),
    about(who, what), ...listing(who, what), ...question(who, what));
};

const about = (who, what) => {
  const facts = [];
  const fact = (label, value) => { if (value) facts.push(el("dt", null, say(label)), el("dd", null, value)); };
  if (who >= 0) {
    const person = matrix.people[who];
    fact("account-name", person.display === person.name ? "" : person.name);
    fact("teams", person.teams);
    fact("leaves-on", person.left);
    if (person.kind === "stranger") fact("note", say("stranger-long"));
    if (person.kind === "anybody") fact("note", say("anybody-long"));
  }
  if (what >= 0) {
    const target = matrix.targets[what];
    fact("kind-of-target", say(target.kind));
    fact("environment", target.environment);
    fact("owners", target.owners);
    fact("unreadable", said("unreadable", target.unreadable));
  }
  return el("dl", null, ...facts);
};

// What there is: by person or target when it is about all of them. What git does not give
// comes first.
const listing = (who, what) => {
  const found = [];
  const people = who >= 0 ? [who] : view.rows;
  for (const person of people) {
    const cells = cellsOf(person);
    const targets = what >= 0 ? [what] : view.columns;
    for (const target of targets) {
      for (const entry of cells.get(target) || []) found.push({ person, target, ...entry });
    }
  }
  found.sort((a, b) => a.block.git - b.block.git);
  if (!found.length) return [el("p", { class: "empty" }, say("nothing"))];
  const shown = found.slice(0, LIMIT).map((entry) => one(entry, who < 0, what < 0));
  const more = found.length - shown.length;
  return [el("ul", { class: "entries" }, ...shown), more ? el("p", { class: "more" }, say("more", more)) : undefined].filter(Boolean);
};

const one = ({ person, target, block, want }, withPerson, withTarget) => {
  const heading = [withPerson ? personName(matrix.people[person]) : "", withTarget ? matrix.targets[target].name : ""].filter(Boolean).join(" → ");
  const parts = [heading ? el("h3", null, heading) : undefined];
  const line = (text, name) => { if (text) parts.push(el("p", { class: name }, text)); };
  if (block.git) {
    const [from, end, fromText, endText] = matrix.periods[block.period];
    parts.push(el("p", { class: "what" },
      el("span", { class: `pill ${refusal(want) ? "refused" : soon(end)}` }, el("b", null, matrix.kinds[want[1]])),
      el("span", null, until(end, endText))));
    line(matrix.texts[want[2]], "scope");
    if (refusal(want)) line(say("refused-why", saidRefusal(refusal(want))));
    if (from !== null) line(from > data.at ? say("begins", fromText) : say("since", fromText));
    const [file, reason] = matrix.requests[block.request];
    line(reason, "reason");
    line(`${file}:${want[3]}`, "file");
  } else {
    const [name, by] = matrix.permissions[block.permission];
    parts.push(el("p", { class: "what" }, el("span", { class: "pill foreign" }, el("b", null, "!")),
      el("strong", null, say("past-git"))));
    line(name ? say("by-permission", name) : said("by", by), "reason");
    if (name) line(said("by", by));
    line(say("as-accounts", said("list", matrix.texts[want[2]])), "scope");
    line(said("may", matrix.texts[block.may]), "scope");
    line(saidAll("notes", matrix.texts[block.notes]));
  }
  return el("li", { class: block.git ? "" : "foreign" }, ...parts.filter(Boolean));
};

// The command that tells more.
const question = (who, what) => {
  if (what < 0) return [];
  const target = quoted(matrix.targets[what].name);
  const live = matrix.live ? " --live" : "";
  const known = who >= 0 && matrix.people[who].kind === "person";
  const command = known ? `jumpgate why ${matrix.people[who].name} ${target}${live}` : `jumpgate who ${target}${live}`;
  return [el("p", { class: "next" }, say("ask")), el("code", { class: "command", tabindex: "0" }, command)];
};

// A name as one word of a shell.
const quoted = (text) => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
