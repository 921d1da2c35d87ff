// What the audit and the servers say in English sentences, in Chinese. The table has them by where
// they stand. `{0}` in one stays as it is, `{0#}` is a number, `{0:part}` is said by another part
// of the table, and `{0:list}` and `{0:list/part}` are lists. What is in no part stays.

const PLACE = /\{(\d)(?:(#)|:([a-z/-]+))?\}/g;
const sentences = {};

const sentencesOf = (part) => {
  sentences[part] = sentences[part] || words.said[part].map(([english, chinese]) => {
    const within = [];
    const pattern = english.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(PLACE, (_, place, digits, other) => {
      within[place] = other;
      return digits ? "([\\d,]+)" : "(.+?)";
    });
    return [new RegExp(`^${pattern}$`, "s"), within, chinese];
  });
  return sentences[part];
};

const said = (part, text) => {
  if (!language() || !text) return text;
  if (part === "list" || part.startsWith("list/")) return saidList(part.slice(5), text);
  for (const [pattern, within, chinese] of sentencesOf(part)) {
    const found = text.match(pattern);
    if (found) {
      return chinese.replace(/\{(\d)\}/g, (_, place) => {
        const value = found[Number(place) + 1];
        return within[place] ? said(within[place], value) : value;
      });
    }
  }
  return text;
};

const saidList = (part, text) => {
  const [, named, more, count] = text.match(/^(.*?)( and (?:(\d+) )?more)?$/s);
  const names = named.split(", ").map((name) => (part ? said(part, name) : name)).join("、");
  if (!more) return names;
  return count ? say("and-more", names, Number(count)) : say("and-others", names);
};

// Several sentences in one text.
const saidAll = (part, text) => {
  if (!language()) return text;
  return text.split(/; |(?<=does not count), |(?<=between servers\)), /).map((one) => said(part, one)).join("；");
};

// What policy has against something, in one text; a sentence of it may have a `;` in it.
const saidRefusal = (text) =>
  text.split(/; (?=policy |an emergency )/).map((one) => said("refused", one)).join(language() ? "；" : "; ");
