import { type Command, InvalidArgumentError } from 'commander'
import { parseEnd } from '../../protocol/clauses/time.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { collect, ENVIRONMENT, formatOption } from '../command/options.ts'
import type { Conclude, ExitCode, Services } from '../command/services.ts'
import { parseLength } from '../command/since.ts'
import { BUILDS, withBuildOptions, writeConstraints } from '../locks/build-options.ts'
import { UNJUDGED, withLockOptions } from '../locks/own-locks.ts'
import { targetsOf, withTargetOptions } from '../locks/targets-options.ts'
import { renderAside } from '../report/aside.ts'
import { renderBuilds } from '../report/build-releases.ts'
import { policyUpdateJson, renderPolicyUpdate, tellOtherSigners, tellWritten } from '../report/policy-update.ts'
import { failuresIn, findingsIn, renderUnjudged, tellFailures } from '../report/unjudged.ts'
import { nearPath } from '../terminal/near-path.ts'
import { createScreen, styled } from '../terminal/screen.ts'
import { writeAll } from '../terminal/write-all.ts'
import { planUpdate, type UpdateOptions } from './plan-update.ts'

const DESCRIPTION = `Brings a policy up to date with lock files: adds the publishers and rules that new releases need, pins what nobody signed in the pins file of an exemption, and prints the change as somebody reviews it. Everything else in the files stays to the byte: comments, order, owners, tickets, ends, edits by hand. A second run changes nothing.

Locks, refusals (--refusal) and what a policy in mode: audit would have refused (--journal) may be given together or alone. What fails, what a rule denies and what an exemption that has ended is about is never added: it is left out and told.`

const MORE = `
Additions go into the one policy file; of several, into the last that has
rules, or --into. Pins go into an exemption that waives exactly what they need,
is in force and pins others of these locks; where there is none, into a new one
with a file in pins/ beside the policy. All files are written, or none.

--prune takes out rules, publishers, exemptions and pins of projects that no
lock has: give every lock that the policy is for. It goes by projects: of one
that a lock has, the pins of every version stay. A rule that denies stays, and
so does one without which another rule would decide its project.

Exit codes:
  0  done: the policy admits every file of the locks
  1  files are left out, or something that a lock names was not judged (not with
     --allow-unjudged); with --check, something would change
  2  usage, configuration or policy; a change cannot be made in the text as it
     stands; a file was changed meanwhile; nothing is written
  3  internal error
  4  the upstream could not answer for a file: nothing is written
  5  the trust root cannot be used, or is too old: nothing is written

Output of --format json, one object:
  {policy, changed, written, publishers: [{project, versions, name, publisher,
   new, before, rule: "new" | "extended"}], releases: [{project, version,
   files, waive, exemption, signed_by, expected, released, days, downloads,
   attested_before: "1.0" | true (of itself alone) | null}], rules,
   exemptions: [{id, owner, expires, pins}], renewed: [{exemption, owner, from,
   to}], removed: {rules, exemptions, publishers, pins}, left_out: [{filename,
   why, remedy}], files: [{path, change, came, went}]}

${BUILDS}

Of what builds take, what the policy admits already goes before what is newer.

${UNJUDGED}

${ENVIRONMENT}

Examples:
  portcullis policy update uv.lock --policy acme.yaml
  portcullis policy update uv.lock poetry.lock --policy acme.yaml \\
    --prune --check
  portcullis policy update --refusal 3k9q0c7m2a1b --policy acme.yaml
  portcullis policy update --journal 7d --policy acme.yaml --dry-run`

export function addPolicyUpdate(policy: Command, services: Services, conclude: Conclude): void {
  withBuildOptions(withTargetOptions(withLockOptions(policy.command('update'))))
    .description(DESCRIPTION)
    .argument('[lockfile...]', 'lock files')
    .requiredOption('--policy <file>', 'the policy file or folder to change; may be given several times', collect)
    .option('--refusal <id>', 'admit exactly the file of this refusal; may be given several times', collect)
    .option('--journal <7d>', 'what a policy in mode: audit let pass in this time and would have refused', parseLength)
    .option('--prune', 'take out what is for projects that no lock has')
    .option(
      '--renew <90d>',
      'move the ends that the locks use to this long from now, where they are sooner',
      parseLength,
    )
    .option('--check', 'write nothing; end with 1 where something would change')
    .option('--dry-run', 'write nothing')
    .option('--into <file>', 'the policy file that additions go into')
    .option('--owner <who>', 'who answers for new exemptions (default: you, or "unassigned")')
    .option('--expires <date>', 'when new exemptions end (default: in 90 days)', parseDate)
    .option('--trust-root <file>', 'a trusted_root.json instead of the configured trust root')
    .addOption(formatOption('json prints one object'))
    .addHelpText('after', MORE)
    .action(async (paths: readonly string[], _options, command: Command) => {
      conclude(await update(paths, command.optsWithGlobals<UpdateOptions>(), services))
    })
}

function parseDate(text: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && parseEnd(text) !== undefined) return text
  throw new InvalidArgumentError('Not a date such as 2027-03-31.')
}

async function update(paths: readonly string[], options: UpdateOptions, services: Services): Promise<ExitCode> {
  const { update: planned, locks, beside: looked } = await planUpdate(paths, options, services)
  const { texts, leftOut } = planned
  const writes = options.check !== true && options.dryRun !== true && texts.length > 0
  if (writes) writeAll(texts)
  writeConstraints(looked.builds.constraints, options)
  const failures = failuresIn(locks, options)
  const others = tellOtherSigners(planned)
  if (options.format === 'json') services.output.out(jsonLine(policyUpdateJson(planned, writes)))
  else {
    const screen = createScreen(services.output)
    renderPolicyUpdate(screen, planned)
    if (texts.length === 0) screen.line(`${options.policy.map(nearPath).join(', ')}: nothing changes`)
    else screen.line(writes ? tellWritten(planned) : 'nothing is written')
    if (others !== undefined) screen.line(styled('bad', '!'), ` ${others}`)
  }
  const beside = createScreen(services.output, 'err')
  renderBuilds(beside, looked.builds)
  renderAside(beside, looked.aside, targetsOf(options))
  renderUnjudged(beside, findingsIn(locks))
  tellFailures(beside, failures)
  if (others !== undefined) beside.line(styled('bad', '!'), ` ${others}`)
  if (options.check === true && texts.length > 0) return 1
  return leftOut.length + failures.length > 0 ? 1 : 0
}
