import type { Command } from 'commander'
import { GateError } from '../domain/errors.ts'
import { publisherFor, workflowOf } from '../domain/identity.ts'
import { formatInstant } from '../domain/instant.ts'
import { tryProjectName } from '../domain/name.ts'
import { publisherList } from '../domain/publisher-text.ts'
import { describeRule } from '../domain/verdict.ts'
import { type HeldChange, heldChange } from '../gate/held-change.ts'
import { jsonLine } from './explanation-json.ts'
import { askRecords } from './gate-records.ts'
import { requireGivenPolicy } from './given-policy.ts'
import { collect, ENVIRONMENT, formatOption } from './options.ts'
import { createScreen, type Screen, styled } from './screen.ts'
import type { Conclude, Services } from './services.ts'
import { counted, renderTable } from './table.ts'

interface ApproveOptions {
  readonly config?: string
  readonly policy?: readonly string[]
  readonly format: 'text' | 'json'
}

const DESCRIPTION = `Shows an identity change that is held: the first signer that was proved for the project, those that signed after it, and what is different. Prints the rule that accepts them; approving is putting it into the policy, after somebody has looked.`

const MORE = `
Exit codes:
  0  a change is held: it is shown
  1  nothing is held
  2  usage, configuration or policy; there is no database of a gate

Output of --format json, one object:
  {project, first: {…}, others: [{…}], rule, decided_by}
  with {san, issuer, repository, repository_id, owner_id, workflow, files,
  since} for each signer

${ENVIRONMENT}

Examples:
  portcullis policy approve demo`

export function addPolicyApprove(policy: Command, services: Services, conclude: Conclude): void {
  policy
    .command('approve')
    .summary('show a held identity change and print the rule that accepts it')
    .description(DESCRIPTION)
    .argument('<project>', 'name of the project')
    .option(
      '--policy <file>',
      'the policy in force, instead of the configured one; may be given several times',
      collect,
    )
    .addOption(formatOption('json prints one object'))
    .addHelpText('after', MORE)
    .action(async (name: string, _options, command: Command) => {
      const options = command.optsWithGlobals<ApproveOptions>()
      const project = tryProjectName(name)
      if (project === undefined) throw new GateError('usage', `${JSON.stringify(name)} is not a project name`)
      const paths = options.policy ?? services.loadConfig({ config: options.config }).config.policy
      const { policy: compiled } = await requireGivenPolicy(paths, services)
      await askRecords(services.loadConfig({ config: options.config }).config, services, records => {
        const rule = compiled.ruleFor(project)
        const held = heldChange(records.project(project)?.files ?? [], rule)
        const decidedBy = rule === undefined ? undefined : describeRule(rule.ref)
        if (options.format === 'json') services.output.out(jsonLine(toJson(project, held, decidedBy)))
        else render(createScreen(services.output), project, held, decidedBy)
        conclude(held === undefined ? 1 : 0)
      })
    })
}

type Signer = HeldChange['first']

function toJson(project: string, held: HeldChange | undefined, decidedBy: string | undefined): object {
  if (held === undefined) return { project, first: null, others: [], rule: null, decided_by: decidedBy ?? null }
  const { first, others } = held
  return {
    project,
    first: signerJson(first),
    others: others.map(signerJson),
    rule: ruleText(project, held),
    decided_by: decidedBy ?? null,
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

function render(screen: Screen, project: string, held: HeldChange | undefined, decidedBy: string | undefined): void {
  if (held === undefined) {
    screen.line(`nothing is held for ${project}`)
    return
  }
  const { first, others } = held
  for (const other of others) {
    const rows = FIELDS.map(([label, read]) => {
      const [was, is] = [read(first) ?? '–', read(other) ?? '–']
      return [was === is ? '' : '≠', label, was, is] as const
    })
    screen.line(styled('strong', project), `: signed first by one, then by another`)
    renderTable(screen, ['', '', 'first', 'then'], rows)
    if (first.claims.sourceRepositoryOwnerId !== other.claims.sourceRepositoryOwnerId)
      screen.prose(
        [styled('bad', '! ')],
        'Another owner: the repository was moved, or somebody else publishes under this name. Ask the project by a way that you knew before.',
      )
    screen.line()
  }
  screen.line(
    decidedBy === undefined
      ? 'Once somebody has looked, this accepts them:'
      : `Once somebody has looked, this in place of ${decidedBy} accepts them:`,
  )
  screen.block(2, ruleText(project, held))
}

const FIELDS: readonly (readonly [label: string, read: (signer: Signer) => string | undefined])[] = [
  ['repository', ({ claims }) => claims.sourceRepositoryUri],
  ['repository id', ({ claims }) => claims.sourceRepositoryId],
  ['owner id', ({ claims }) => claims.sourceRepositoryOwnerId],
  ['workflow', ({ claims }) => workflowOf(claims)],
  ['issuer', ({ claims }) => claims.issuer],
  ['name', ({ claims }) => claims.san.value],
  ['files', ({ files }) => `${counted(files.length, 'file')}, such as ${files.at(-1)?.filename ?? ''}`],
  ['since', ({ since }) => formatInstant(since).slice(0, 16)],
]

/** The first signer stays, for the files that it signed. */
function ruleText(project: string, { first, others }: HeldChange): string {
  const publishers = [first, ...others].flatMap(({ claims }) => publisherFor(claims) ?? [])
  const list = publisherList(...publishers).replace(/^/gm, '    ')
  return ['projects:', `  - match: ${project}`, list].join('\n')
}
