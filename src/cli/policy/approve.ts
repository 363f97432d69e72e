import type { Command } from 'commander'
import type { Config } from '../../config/schema.ts'
import { GateError } from '../../domain/base/errors.ts'
import { formatInstant } from '../../domain/base/instant.ts'
import { workflowOf } from '../../domain/identity/identity.ts'
import { seenFiles } from '../../domain/memory/project-memory.ts'
import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import type { Rule } from '../../domain/policy/policy.ts'
import { describeRule } from '../../domain/policy/rule-ref.ts'
import {
  type HeldChange,
  type HeldRequests,
  heldChange,
  heldRequests,
  heldRule,
} from '../../gate/records/held-change.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { askRecords, tellDropped } from '../command/gate-records.ts'
import { requireGivenPolicy } from '../command/given-policy.ts'
import { collect, ENVIRONMENT, formatOption } from '../command/options.ts'
import type { Conclude, ExitCode, Services } from '../command/services.ts'
import { tellPolicy } from '../command/told-policy.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'

interface ApproveOptions {
  readonly config?: string
  readonly policy?: readonly string[]
  readonly format: 'text' | 'json'
  readonly source?: string
  readonly index?: string
  readonly reason?: string
}

const DESCRIPTION = `Shows an identity change that is held: the first signer that was proved for the project, those that signed after it, and what is different. Prints the rule that accepts them; approving is putting it into the policy, after somebody has looked.

With --source it decides whose the name is where several sources are configured: from then on the index asks that source alone about it. It stands in the journal and in the audit log with its reason; a gate that runs goes by it within two seconds.`

const MORE = `
Exit codes:
  0  a change is held: it is shown; or the source is decided
  1  nothing is held
  2  usage, configuration or policy; there is no database of a gate

Output of --format json, one object:
  {project, first: {…}, others: [{…}], requests, clients, rule, decided_by}
  with {san, issuer, repository, repository_id, owner_id, workflow, files,
  since} for each signer

${ENVIRONMENT}

Examples:
  portcullis policy approve demo
  portcullis policy approve tools --source pypi --reason "given up here, INC-9"`

export function addPolicyApprove(policy: Command, services: Services, conclude: Conclude): void {
  policy
    .command('approve')
    .description(DESCRIPTION)
    .argument('<project>', 'name of the project')
    .option(
      '--policy <file>',
      'the policy in force, instead of the configured one; may be given several times',
      collect,
    )
    .option('--source <name>', 'the source that the name belongs to from now on')
    .option('--index <name>', 'at this index; default: the first')
    .option('--reason <text>', 'why, for whoever reads the journal or the audit log later')
    .addOption(formatOption('json prints one object'))
    .addHelpText('after', MORE)
    .action(async (name: string, _options, command: Command) => {
      conclude(await approve(name, command.optsWithGlobals<ApproveOptions>(), services))
    })
}

async function approve(name: string, options: ApproveOptions, services: Services): Promise<ExitCode> {
  const project = tryProjectName(name)
  if (project === undefined) throw new GateError('usage', `${JSON.stringify(name)} is not a project name`)
  const { config } = await services.loadConfig({ config: options.config })
  if (options.source !== undefined)
    return await approveSource(project, options.source, { ...options, config }, services)
  const { policy: compiled } = await requireGivenPolicy(options.policy ?? config.policy, services, {
    config,
    gate: config,
  })
  await tellPolicy(compiled, { config, format: options.format }, services)
  return await askRecords(config, services, async records => {
    const rule = compiled.ruleFor(project, records.belonging(project))
    const held = heldChange(seenFiles(await records.project(project)), rule)
    const requests = held === undefined ? NOTHING : await heldRequests(records, project, held)
    const decision = { project, rule, ...requests }
    if (held !== undefined) await tellDropped(records, held.others[0].since, services)
    if (options.format === 'json') services.output.out(jsonLine(toJson(decision, held)))
    else if (held === undefined) renderNothing(createScreen(services.output), decision)
    else render(createScreen(services.output), decision, held)
    return held === undefined ? 1 : 0
  })
}

async function approveSource(
  project: ProjectName,
  source: string,
  { config, index: named, reason = '', format }: Omit<ApproveOptions, 'config'> & { readonly config: Config },
  services: Services,
): Promise<ExitCode> {
  if (reason.trim() === '') throw new GateError('usage', '--reason says why')
  const { index, was } = await services.decideSource(config, { project, source, index: named, reason })
  if (format === 'json') services.output.out(jsonLine({ project, index, source, was: was ?? null }))
  else {
    const before = was === undefined ? 'nobody’s before' : was === source ? 'as before' : `${was}’s before`
    createScreen(services.output).line(styled('good', '✓'), ` ${project} is ${source}’s at ${index}, ${before}`)
  }
  return 0
}

const NOTHING: HeldRequests = { requests: 0, clients: 0 }

/** What decides the project now, and what came of it. */
interface Decision extends HeldRequests {
  readonly project: ProjectName
  readonly rule: Rule | undefined
}

type Signer = HeldChange['first']

function toJson({ project, rule, requests, clients }: Decision, held: HeldChange | undefined): object {
  return {
    project,
    first: held === undefined ? null : signerJson(held.first),
    others: (held?.others ?? []).map(signerJson),
    requests,
    clients,
    rule: held === undefined ? null : heldRule(project, rule, held),
    decided_by: rule === undefined ? null : describeRule(rule.ref),
  }
}

function signerJson({ claims, files, since }: Signer): object {
  return {
    san: claims.san.value,
    issuer: claims.issuer,
    repository: claims.sourceRepositoryUri ?? null,
    repository_id: claims.sourceRepositoryId ?? null,
    owner_id: claims.sourceRepositoryOwnerId ?? null,
    workflow: workflowOf(claims) ?? null,
    files: files.map(({ filename }) => filename),
    since: formatInstant(since),
  }
}

function renderNothing(screen: Screen, { project, rule }: Decision): void {
  screen.line(`nothing is held for ${project}`)
  if (rule === undefined) screen.line('no rule decides it: portcullis explain prints one that would')
}

function render(screen: Screen, { project, rule, requests, clients }: Decision, held: HeldChange): void {
  const { first, others } = held
  for (const other of others) {
    screen.line(styled('strong', project), `: signed first by one, then by another`)
    for (const [label, read] of FIELDS) renderField(screen, label, read(first), read(other))
    screen.line(`  ${'first'.padEnd(LABEL)}${describeFiles(first)}`)
    screen.line(`  ${'then'.padEnd(LABEL)}${describeFiles(other)}`)
    if (first.claims.sourceRepositoryOwnerId !== other.claims.sourceRepositoryOwnerId)
      screen.prose(
        [styled('bad', '! ')],
        'Another owner: the repository was moved, or somebody else publishes under this name. Ask the project by a way that you knew before.',
      )
    screen.line()
  }
  screen.line(`${counted(requests, 'request')} by ${counted(clients, 'client')} met it since`)
  screen.prose([], howTo(project, rule))
  screen.block(2, heldRule(project, rule, held))
  screen.line('portcullis policy diff and policy replay tell what else that changes.')
}

function howTo(project: string, rule: Rule | undefined): string {
  if (rule === undefined) return 'Once somebody has looked, this accepts them:'
  const place = describeRule(rule.ref)
  if (rule.match !== project)
    return `Once somebody has looked, this rule accepts them. ${place} decides ${project} now; what it says besides, the new rule has to say too:`
  return rule.publishers === undefined
    ? `Once somebody has looked, these publishers in ${place} accept them; identity: first-seen has no say beside them:`
    : `Once somebody has looked, these publishers besides those of ${place} accept them:`
}

const FIELDS: readonly (readonly [label: string, read: (signer: Signer) => string | undefined])[] = [
  ['repository', ({ claims }) => claims.sourceRepositoryUri],
  ['repository id', ({ claims }) => claims.sourceRepositoryId],
  ['owner id', ({ claims }) => claims.sourceRepositoryOwnerId],
  ['workflow', ({ claims }) => workflowOf(claims)],
  ['issuer', ({ claims }) => claims.issuer],
  ['name', ({ claims }) => claims.san.value],
]

const LABEL = 15

/** One line where both are the same, else one for each: URLs are long. */
function renderField(screen: Screen, label: string, was = '–', is = '–'): void {
  const head = label.padEnd(LABEL)
  if (was === is) screen.line(`  ${head}${was}`)
  else {
    screen.line(styled('bad', '≠'), ` ${head}${was}`)
    screen.line(`  ${''.padEnd(LABEL)}`, styled('bad', is))
  }
}

function describeFiles({ files, since }: Signer): string {
  return `${counted(files.length, 'file')} since ${formatInstant(since).slice(0, 16)}Z, the last ${files.at(-1)?.filename ?? ''}`
}
