// Adds matchers and labels to PromQL, as text: what is a metric is told by its name. (In jsonnet 0.18, replacing and
// splitting are fast, looking at one character after the other is not.)

// jsonnet 0.18 splits at single characters only.
local split(text, word) = std.split(std.strReplace(text, word, '\u0001'), '\u0001');

// What can follow a name in PromQL.
local ends = ['{', '[', ')', ' ', '\n', ','];

// A text as the name that it begins with, the character that ends the name, and the rest.
local cut(text) =
  local at(end) =
    local parts = std.split(text, end);
    { name: parts[0], end: if std.length(parts) > 1 then end else '', rest: std.join(end, parts[1:]) };
  std.foldl(function(best, c) if std.length(c.name) < std.length(best.name) then c else best, std.map(at, ends),
            { name: text, end: '', rest: '' });

local selected(cut, matchers) =
  cut.name + '{' + matchers + (if cut.end == '{' then ', ' else '}' + cut.end) + cut.rest;

// Every name that begins with `smtp_tls_`, perhaps after the `endpoint:` of a recorded one.
local ours(query, matchers) =
  local parts = split(query, 'smtp_tls_');
  std.join('smtp_tls_', [parts[0]] + [selected(cut(part), matchers) for part in parts[1:]]);

// The metrics that are not called smtp_tls_…, where a brace or a bracket shows that they are metrics.
local named(query, matchers) =
  std.foldl(
    function(q, name)
      std.strReplace(
        std.strReplace(q, name + '{', name + '{' + matchers + ', '), name + '[', name + '{' + matchers + '}['
      ),
    ['up', 'ALERTS', 'scrape_duration_seconds', 'process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_open_fds'],
    query
  );

{
  // Every selector gets `matchers` as well. In a template, too: prose names no metrics.
  select(query, matchers)::
    if matchers == '' then query else named(ours(query, matchers), matchers),

  // `label` joins job and instance where series are matched or grouped by them.
  matchOn(query, label)::
    if label == '' then query else std.strReplace(query, '(job, instance', '(' + label + ', job, instance'),

  // `from` becomes `to`; it has to be there exactly once.
  replaceOnce(text, from, to)::
    local places = std.length(split(text, from)) - 1;
    if places == 1 then std.strReplace(text, from, to)
    else error 'expected once, found %d times: %s\nin: %s' % [places, from, text],
}
