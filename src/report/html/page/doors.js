// The doors of the audit: what opens a target and did not come through git, the worst first.

const RISKS = ["critical", "high", "medium", "low"];
const PAGE = 100;
let doorTexts = null;
let doorsShown = PAGE;
let doorsFound = [];

const buildDoors = () => {
  at("doors").append(el("div", { class: "unseen-parts" }), el("div", { class: "list" }), el("p", { class: "empty", "data-text": "no-doors" }),
    el("button", { type: "button", class: "more", click: () => { doorsShown += 5 * PAGE; drawDoors(); } }));
};

const doorTitle = (door) =>
  say(`door-${door.kind}`, door.kind === "everybody" ? said("name", door.name) : door.name, door.target);

const aboutCode = (code) => {
  const [title, why] = data.audit.codes[code];
  return language() && words.codes[code] ? words.codes[code] : [title, why];
};

const nextText = (text) => (language() && words.next[text]) || text;

// In which the search looks: what the page shows of a door, and the English of it.
const textOf = (door) => [
  door.name, door.target, door.opens, said("opens", door.opens), ...door.people.map(([name]) => name),
  ...door.faults.flatMap(([code, , what]) =>
    [code, what, saidAll("what", what), ...data.audit.codes[code], ...(words.codes[code] || [])]),
].join("\n").toLowerCase();

const showDoors = () => {
  const { doors } = data.audit;
  if (doorTexts?.language !== language()) doorTexts = { language: language(), texts: doors.map(textOf) };
  const asked = terms();
  doorsFound = doors.filter((door, place) =>
    (state.risk === "" || RISKS.indexOf(door.risk) <= RISKS.indexOf(state.risk))
    && (state.target === "" || door.target === state.target)
    && asked.every((term) => doorTexts.texts[place].includes(term)));
  doorsShown = PAGE;
  drawDoors();
};

const drawDoors = () => {
  const box = at("doors");
  box.classList.toggle("none", !doorsFound.length);
  box.querySelector(".unseen-parts").replaceChildren(...unseenParts(), ...emergencies());
  box.querySelector(".list").replaceChildren(...doorsFound.slice(0, doorsShown).map((door) => doorItem(door, false)));
  const more = doorsFound.length - doorsShown;
  const button = box.querySelector("button.more");
  button.hidden = more <= 0;
  if (more > 0) button.textContent = say("show-more", more);
};

// What could not be read is said first: a short list would look like a good one.
const unseenParts = () => data.audit.targets.flatMap((target) => [
  target.unreadable ? el("p", { class: "warning" }, say("could-not-read", target.name, said("unreadable", target.unreadable))) : undefined,
  target.unseen.length ? el("p", { class: "warning" }, say("not-seen", target.name, target.unseen.map((one) => said("unseen", one)).join(language() ? "；" : ", "))) : undefined,
]).filter(Boolean);

// They are no doors, and stay until an owner approves them: no filter takes them away.
const emergencies = () => data.audit.emergencies.map((one) => el("div", { class: "warning emergency" },
  el("b", null, `${say("emergency")} ${one.code}`), " ", said("emergency", one.message),
  one.site ? el("p", { class: "file" }, one.site) : undefined,
  one.next ? el("p", { class: "next" }, say("next", said("emergency", one.next))) : undefined));

const doorItem = (door, open) => {
  const people = door.people.map(([name, known]) => (known ? name : say("nobody-in-git", name)));
  const listed = door.count > people.length ? say("and-more", people.join(", "), door.count - people.length) : people.join(", ");
  return el("details", { class: `door ${door.risk}`, open },
    el("summary", null,
      el("span", { class: `risk ${door.risk}` }, say(door.risk)),
      el("span", { class: "title" }, el("b", null, doorTitle(door)), el("small", null, say("opens", said("opens", door.opens)))),
      el("span", { class: "codes" }, door.faults.map(([code]) => code).join(" ")),
      el("span", { class: "count" }, door.count ? say("count-people", door.count) : "")),
    el("div", { class: "body" },
      el("ul", { class: "faults" }, ...door.faults.map(fault)),
      people.length ? el("p", null, say("for-people", listed)) : undefined,
      door.site ? el("p", { class: "file" }, door.site) : undefined,
      el("p", { class: "next" }, say("next", nextText(door.next.text))),
      el("code", { class: "command", tabindex: "0", "aria-label": say(`runs-${door.next.runs}`) }, door.next.command)));
};

const fault = ([code, risk, what]) => {
  const [title, why] = aboutCode(code);
  return el("li", null,
    el("span", { class: `dot ${risk}`, title: say(risk) }), el("span", { class: "code" }, code),
    el("span", null, el("b", null, language() ? `${title}：` : ""), saidAll("what", what), el("i", null, ` — ${why}`)));
};
