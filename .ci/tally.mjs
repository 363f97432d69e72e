// Adds up what the steps of .ci/run printed and how they ended: `node .ci/tally.mjs FOLDER`, where FOLDER has NAME.log and
// NAME.code of each step. What failed and passed when it ran once more, alone (NAME-again), is told as unsteady. Runs on any Node, because it also has to say so when the project's own could not be installed.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder] = process.argv.slice(2)
const totals = { pass: 0, fail: 0, skip: 0 }
const skipped = []
const failed = []
const broken = []
const unsteady = []
const reasons = []
// of how many failures it is told again what was seen, and in how many lines each: what a long log scrolls away
const TOLD = { failures: 8, lines: 18 }

// What a failed assertion saw: the YAML block beneath it, without where it stands. A test that merely holds one saw nothing itself.
function reasonOf(lines, at) {
  const open = lines[at + 1] ?? ''
  if (open.trim() !== '---') return []
  const indent = open.length - '---'.length
  const end = lines.findIndex((line, index) => index > at + 1 && line.slice(indent) === '...')
  let isSeen = true
  return lines
    .slice(at + 2, end === -1 ? at + 200 : end)
    .map(line => line.slice(indent))
    .filter(line => {
      if (/^\w/.test(line)) isSeen = !/^(at|source|stack|tapCaught):/.test(line)
      return isSeen
    })
}

const steps = readdirSync(folder)
  .filter(name => name.endsWith('.code'))
  .map(name => name.slice(0, -'.code'.length))
const codeOf = name => Number(readFileSync(join(folder, `${name}.code`), 'utf8'))
const passedAlone = name =>
  codeOf(name) === 0 && /^# \{ total: \d+, pass: \d+/m.test(readFileSync(join(folder, `${name}.log`), 'utf8'))

for (const name of steps.filter(step => !step.endsWith('-again'))) {
  const lines = readFileSync(join(folder, `${name}.log`), 'utf8').split('\n')
  const isUnsteady = steps.includes(`${name}-again`) && passedAlone(`${name}-again`)
  const code = isUnsteady ? 0 : codeOf(name)
  let counted = 0
  for (const [at, line] of lines.entries()) {
    // `# { total: 82, pass: 80, fail: 1, skip: 1 }`, once at the end of a run of tap; counts of zero are left out
    const [, counts] = /^# \{ (total: \d+.*) \}$/.exec(line) ?? []
    for (const [, key, count] of (counts ?? '').matchAll(/(\w+): (\d+)/g)) {
      if (!(key in totals) || (isUnsteady && key === 'fail')) continue
      totals[key] += Number(count)
      if (key === 'fail') counted += Number(count)
    }
    const [, wrong] = /^\s*not ok \d+ - (.*?)(?: # time=.*)?$/.exec(line) ?? []
    if (wrong !== undefined && !wrong.includes('# TODO')) {
      ;(isUnsteady ? unsteady : broken).push(`${name}: ${wrong}`)
      const reason = reasonOf(lines, at)
      if (reason.length > 0)
        reasons.push([`  ${name}: ${wrong}`, ...reason.slice(0, TOLD.lines).map(told => `    ${told.slice(0, 400)}`)])
    }
    const [, what, why] = /^\s*ok \d+ - (.*?)\s+# SKIP ?(.*)$/.exec(line) ?? []
    if (what !== undefined) skipped.push(`${name}: ${what}${why === '' ? '' : `: ${why}`}`)
  }
  // a step that ended badly without a failed test in it has failed as a whole: it crashed, or it has no tests
  if (code !== 0 && counted === 0) totals.fail += 1
  if (code !== 0) failed.push(`${name}: exit code ${code}${code === 124 ? ', out of time' : ''}`)
}

if (skipped.length > 0) console.log(['', 'skipped:', ...skipped.map(line => `  ${line}`)].join('\n'))
if (reasons.length > 0) console.log(['', 'why:', ...reasons.slice(0, TOLD.failures).flat()].join('\n'))
if (unsteady.length > 0)
  console.log(['', 'unsteady: failed beside others, passed alone:', ...unsteady.map(line => `  ${line}`)].join('\n'))
if (failed.length > 0) console.log(['', 'failed:', ...[...failed, ...broken].map(line => `  ${line}`)].join('\n'))
console.log(`\n${totals.pass} passed, ${totals.fail} failed, ${totals.skip} skipped`)
process.exitCode = totals.fail > 0 || failed.length > 0 || totals.pass === 0 ? 1 : 0
