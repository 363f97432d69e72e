import { existsSync, realpathSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { Config } from '../../config/schema.ts'
import { GateError } from '../../domain/base/errors.ts'
import { formatInstant, type Instant, instant } from '../../domain/base/instant.ts'
import { tryProjectName } from '../../domain/packaging/name.ts'
import { type Choice, createChoice } from '../../gate/explain/choice.ts'
import type { Growing } from '../../gate/explain/extend-policy.ts'
import { observingPolicy } from '../../gate/explain/observe-locks.ts'
import type { Survey } from '../../gate/explain/survey.ts'
import { type UpdateTerms, updatePolicy } from '../../gate/explain/update-policy.ts'
import { readPinsFile, readPolicyFiles } from '../../gate/policy/policy-files.ts'
import { watchedFiles } from '../../gate/records/watched-files.ts'
import type { Records } from '../../ports/records.ts'
import { type DocumentPlace, documentsIn, keysOf, type PolicyTexts } from '../../protocol/amend/policy-texts.ts'
import type { Lock } from '../../protocol/lockfiles/lock.ts'
import { loadPolicy } from '../../protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../protocol/yaml/diagnostic.ts'
import { askRecords, askRecordsIfAny } from '../command/gate-records.ts'
import type { GoodPolicy } from '../command/given-policy.ts'
import type { OpenExplain, Services } from '../command/services.ts'
import type { BuildOptions } from '../locks/build-options.ts'
import { readLocks } from '../locks/lock-files.ts'
import { type Beside, lookAtLocks } from '../locks/look-at-locks.ts'
import { type LockOptions, ownLocks } from '../locks/own-locks.ts'
import { type TargetOptions, targetsOf } from '../locks/targets-options.ts'
import type { PolicyUpdate } from '../report/policy-update.ts'
import { nearPath } from '../terminal/near-path.ts'
import { changesIn } from './changes-in.ts'
import { offersFor } from './offers-for.ts'

export interface UpdateOptions extends LockOptions, TargetOptions, BuildOptions {
  readonly config?: string
  readonly policy: readonly string[]
  readonly refusal?: readonly string[]
  /** milliseconds */
  readonly journal?: number
  readonly prune?: boolean
  /** milliseconds */
  readonly renew?: number
  readonly check?: boolean
  readonly dryRun?: boolean
  readonly into?: string
  readonly owner?: string
  readonly expires?: string
  readonly trustRoot?: string
  readonly format: 'text' | 'json'
}

/** All that an update changes, and the locks that it was asked for. */
export interface PlannedUpdate {
  readonly update: PolicyUpdate
  readonly locks: readonly Lock[]
  readonly beside: Beside
}

const DAY = 86_400_000
const LIFE = 90 * DAY

/** Reads what is given, and works out what the policy would become. Nothing is written. */
export async function planUpdate(
  paths: readonly string[],
  options: UpdateOptions,
  services: Services,
): Promise<PlannedUpdate> {
  refuseIdle(paths, options)
  const { config } = await services.loadConfig({ config: options.config, policy: options.policy })
  const read = readLocks(paths, services.environment)
  const choice = createChoice(targetsOf(options))
  const locks = ownLocks(choice.locks(read), config, options)
  if (options.prune === true) refuseEmptyLocks(locks)
  const start = await readGrowing(options.policy, services)
  const asked = options.refusal !== undefined || options.journal !== undefined
  const plan = async (records: Records | undefined) =>
    await planWith({ start, locks, named: read, choice, config, records, options, services })
  const { update, beside } = asked
    ? await askRecords(config, services, plan)
    : await askRecordsIfAny(config, services, plan)
  return { update, locks, beside }
}

function refuseIdle(paths: readonly string[], { refusal, journal, prune, renew }: UpdateOptions): void {
  if (paths.length > 0) return
  if (prune === true || renew !== undefined)
    throw new GateError(
      'usage',
      `${prune === true ? '--prune' : '--renew'} goes by lock files: name all that the policy is for`,
    )
  if (refusal === undefined && journal === undefined)
    throw new GateError('usage', 'name a lock file, a refusal (--refusal) or a time of the journal (--journal)')
}

/** A lock that names nothing is more likely broken than a reason to take everything out. */
function refuseEmptyLocks(locks: readonly Lock[]): void {
  for (const { path, unjudged } of locks)
    if (unjudged.some(({ kind }) => kind === 'empty'))
      throw new GateError('usage', `${path} names nothing, and --prune would take out what it was for`)
}

interface Start extends Growing {
  compile(texts: PolicyTexts): Growing
}

async function readGrowing(paths: readonly string[], services: Services): Promise<Start> {
  const now = services.clock()
  const readRoot = await services.openReadRoot()
  const load = (yaml: PolicyTexts['yaml'], pins: PolicyTexts['pins'], said: string): GoodPolicy => {
    const loaded = loadPolicy(yaml, now, readRoot, path => pins.get(path) ?? readPinsFile(path))
    if ('policy' in loaded) return loaded
    throw new GateError('policy-invalid', said + loaded.diagnostics.map(formatDiagnostic).join('\n'))
  }
  const read = readPolicyFiles(paths.map(path => resolve(path)))
  // a file that is given twice is changed once
  const once = new Map(read.map(({ path, text }) => [nearPath(path), text]))
  const yaml = [...once].map(([path, text]) => ({ path, text }))
  const { policy, contents } = load(yaml, new Map(), '')
  const pins = new Map(contents.pinsFiles.map(({ path, text }) => [path, text]))
  return {
    texts: { yaml, pins },
    policy,
    contents,
    compile(texts) {
      const loaded = load(texts.yaml, texts.pins, 'with the change it would not load, so nothing is written:\n')
      return { texts, policy: loaded.policy, contents: loaded.contents }
    },
  }
}

interface Plan {
  readonly start: Start
  readonly locks: readonly Lock[]
  /** the locks as they are, what is not judged here too */
  readonly named: readonly Lock[]
  readonly choice: Choice
  readonly config: Config
  readonly records: Records | undefined
  readonly options: UpdateOptions
  readonly services: Services
}

async function planWith(plan: Plan): Promise<Omit<PlannedUpdate, 'locks'>> {
  const { start, locks, choice, config, records, options, services } = plan
  const now = services.clock()
  const watched =
    records === undefined || options.journal === undefined
      ? []
      : await watchedFiles(records, instant(now - options.journal))
  const journal: readonly Lock[] =
    watched.length === 0 ? [] : [{ path: 'the journal', kind: 'requirements', packages: watched, unjudged: [] }]
  const { trustRoot } = options
  const policy = { ...observingPolicy(), roots: start.policy.roots }
  const explain = await services.openExplain(config, { trustRoot, at: undefined, policy })
  try {
    const how = { choice, buildDeps: options.buildDeps !== false, prefer: start.policy }
    const { survey, ...beside } = await lookAtLocks([...locks, ...journal], explain, services.output, how)
    return { update: await updateFor(plan, survey, explain), beside }
  } finally {
    await explain.close()
  }
}

async function updateFor(plan: Plan, look: Survey, explain: OpenExplain): Promise<PolicyUpdate> {
  const { start, named, records, options, services } = plan
  const now = services.clock()
  const { offers, leftOut } = await offersFor(options.refusal ?? [], records)
  const order = {
    look,
    renewUntil: options.renew === undefined ? undefined : instant(now + options.renew),
    // what builds take stands in no lock
    pruneTo: options.prune === true ? namesIn(named).union(projectsIn(look)) : undefined,
    offers,
  }
  const updated = await updatePolicy(start, order, explain, { ...termsFor(plan, now), compile: start.compile })
  refuseLocks(updated.texts, start.texts, named)
  return await changesIn({ look, start, updated, offers, leftOut, now, policy: options.policy }, explain, records)
}

/** What a lock says is for its own tool to change. */
function refuseLocks(after: PolicyTexts, before: PolicyTexts, locks: readonly Lock[]): void {
  const given = new Set(locks.flatMap(({ path }) => (existsSync(path) ? [realpathSync(path)] : [])))
  for (const [path, text] of after.pins)
    if (text !== before.pins.get(path) && existsSync(path) && given.has(realpathSync(path)))
      throw new GateError(
        'usage',
        `${nearPath(path)} is a pins file of the policy and one of the locks: no lock is changed, and nothing is written. Give the exemption a pins file of its own`,
      )
}

function projectsIn(look: Survey): ReadonlySet<string> {
  return new Set(look.map(it => it.package.project))
}

/** Every name that a lock has, judged here or not. */
function namesIn(locks: readonly Lock[]): ReadonlySet<string> {
  return new Set(
    locks.flatMap(({ packages, unjudged }) => [
      ...packages.map(({ project }) => project),
      ...unjudged.flatMap(({ name }) => tryProjectName(name) ?? []),
    ]),
  )
}

function termsFor({ start, named, options, services }: Plan, now: Instant): Omit<UpdateTerms, 'compile'> {
  const { environment } = services
  const inUse = environment['USER'] ?? environment['LOGNAME']
  const [lock] = named
  return {
    now,
    into: placeFor(start.texts, options.into),
    owner: options.owner ?? inUse ?? 'unassigned',
    ownerNamed: options.owner !== undefined,
    expires: options.expires ?? lastDay(now, start.contents.limits.exemptionMax),
    reason: `refused by the gate, and let pass on ${formatInstant(now).slice(0, 10)}`,
    stem: lock === undefined ? 'journal' : basename(lock.path).replace(/\.[a-z]+$/i, ''),
    origin: lock === undefined ? 'the journal' : named.map(({ path }) => basename(path)).join(', '),
    exists: existsSync,
  }
}

/** A date ends with its day: that must lie within what the policy allows. */
function lastDay(now: Instant, longest: number | undefined): string {
  return formatInstant(instant(now + Math.min(LIFE, (longest ?? Number.POSITIVE_INFINITY) - DAY))).slice(0, 10)
}

/** The document that additions go into: the last that has rules, in the file that is named where one is. */
function placeFor(texts: PolicyTexts, into: string | undefined): DocumentPlace {
  const places = documentsIn(texts).filter(({ file }) => into === undefined || resolve(file) === resolve(into))
  const place = places.findLast(it => keysOf(texts, it).includes('projects')) ?? places.at(-1)
  if (place !== undefined) return place
  throw new GateError('usage', `--into ${into}: is none of the files of the policy`)
}
