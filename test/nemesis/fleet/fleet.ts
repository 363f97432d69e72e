import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { codeOf, type Violation } from '../checks/checker.ts'
import type { Found } from '../checks/journal.ts'
import { createDice } from '../dice.ts'
import type { Ended } from '../gate-process.ts'
import { createFortune, type Fortune, liveHonestly } from '../honest.ts'
import { CLIENTS } from '../mischief/clients.ts'
import { FAULTS } from '../mischief/faults.ts'
import { LIES } from '../mischief/lies.ts'
import { type Mischief, readTexts } from '../mischief/stage.ts'
import { chosen, createDecks } from '../run.ts'
import type { Settings } from '../settings.ts'
import { INTERNAL } from '../truth.ts'
import { BEFALLS, BUCKET } from './befalls.ts'
import { type Fleet, type FleetStage, setFleet } from './fleet-stage.ts'
import { compareMerged, readMerged, strangeFolder, strangeObjects, unbrought } from './merged.ts'
import { assertMergedTeeth } from './merged-teeth.ts'
import { type Installs, installOnAndOn } from './real-clients.ts'

/** What a run with several gates came to. */
export interface FleetOutcome {
  readonly violations: readonly Violation[]
  readonly found: Found
  /** in the folders of the gates, and in the bucket */
  readonly strange: readonly string[]
  readonly missing: readonly string[]
  readonly deaths: readonly Ended[]
  readonly lives: number
  readonly done: ReadonlyMap<string, number>
  readonly answers: number
  readonly bytes: number
  readonly statuses: ReadonlyMap<number, number>
  readonly codes: ReadonlyMap<string, number>
  readonly alarms: ReadonlyMap<string, number>
  readonly forgiven: number
  readonly unplaced: number
  readonly leaks: number
  readonly honest: Fortune
  readonly installs: Installs
  readonly peakBytes: readonly number[]
  /** objects that were looked at; or why there was no store for them */
  readonly bucket: number | string
}

/** They hold one gate up for seconds, which is another test’s matter: here it is three on the same two cores. */
const HEAVY: ReadonlySet<string> = new Set([
  'bomb-of-objects',
  'bomb-of-nothing',
  'depth',
  'width',
  'attestations-in-masses',
  'provenance-large',
  'page-large',
  'root-list',
])

/** Behaviours that a fleet meets. */
export const OF_A_FLEET: readonly Mischief[] = [
  ...[...LIES, ...FAULTS, ...CLIENTS].filter(({ name, onRequest }) => !HEAVY.has(name) && onRequest === undefined),
  ...BEFALLS,
  ...BUCKET,
]

export async function runFleet(t: Test, settings: Settings, tell: (text: string) => void): Promise<FleetOutcome> {
  const dice = createDice(settings.seed)
  const fleet = await setFleet(t, dice)
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => (closed ??= fleet.close())
  t.teardown(close)
  const { stage, owed, deaths } = fleet
  const { truth, checker, replicas } = stage
  await t.test('the checker of the merged journal sees what it is there for', async t => assertMergedTeeth(t, truth))
  await Promise.all(replicas.map(({ gate }) => gate.start()))
  await readTexts(stage)
  tell(typeof stage.objects === 'object' ? 'three gates, PostgreSQL, a RADOS Gateway' : 'three gates, PostgreSQL')
  let isOver = false
  const over = (): boolean => isOver
  const honest = createFortune()
  const wants = truth.files.filter(({ isHonest, project }) => isHonest && truth.honest.includes(project))
  const lives: Promise<unknown>[] = [1, 2].map(number =>
    liveHonestly(
      {
        stage,
        client: `127.0.1.${number}`,
        dice: createDice(settings.seed + number),
        wants: [...wants, ...truth.cold],
      },
      honest,
      over,
    ),
  )
  const installing = installOnAndOn(t, stage.gate.url ?? '', over)
  const done = await episodes(stage, settings, tell)
  isOver = true
  const installs = await installing
  await Promise.all(lives)
  tell('calm')
  const missing = await calm(fleet)
  const leaks = stage.upstream.requests.filter(
    ({ url }) => url.includes(INTERNAL) && !url.includes('/packages/'),
  ).length
  for (const { gate } of replicas) await gate.stop()
  const found = compareMerged(await readMerged(fleet.database), truth, owed)
  const objects = 'skip' in fleet.bucket ? undefined : await strangeObjects(fleet.bucket.address, truth)
  const strange = [...replicas.flatMap(({ data }) => strangeFolder(data, truth)), ...(objects?.wrong ?? [])]
  await close()
  return {
    violations: checker.violations,
    found,
    strange,
    missing,
    deaths,
    lives: replicas.reduce((sum, { gate }) => sum + gate.life, 0),
    done,
    answers: checker.answers,
    bytes: checker.bytes,
    statuses: checker.statuses,
    codes: checker.codes,
    alarms: fleet.alarms,
    forgiven: owed.forgiven,
    unplaced: fleet.unplaced(),
    leaks,
    honest,
    installs,
    peakBytes: replicas.map(({ gate }) => gate.peakBytes),
    bucket: 'skip' in fleet.bucket ? fleet.bucket.skip : (objects?.objects ?? 0),
  }
}

/** In each of them one thing befalls the gates or what they share, while the index and a client misbehave. */
async function episodes(
  stage: FleetStage,
  settings: Settings,
  tell: (text: string) => void,
): Promise<ReadonlyMap<string, number>> {
  const { dice, upstream, checker } = stage
  const { only, without, minutes } = settings
  chosen(settings) // whose names are none is told
  const there = OF_A_FLEET.filter(each => stage.objects !== undefined || !BUCKET.includes(each))
  const its = there.filter(({ name }) => !without.includes(name) && (only.length === 0 || only.includes(name)))
  const decks = createDecks(its, dice)
  const done = new Map<string, number>()
  const end = performance.now() + minutes * 60_000
  while (performance.now() < end) {
    const cards = [decks.machine(), decks.upstream(), decks.client()].filter(card => card !== undefined)
    tell(cards.map(({ name }) => name).join(', '))
    const signal = AbortSignal.timeout(dice.between(1_200, 2_600))
    await Promise.all(
      cards.map(async card => {
        done.set(card.name, (done.get(card.name) ?? 0) + 1)
        try {
          await card.run(stage, signal)
        } catch (error) {
          checker.add(`${card.name} could not be done`, String(error))
        }
      }),
    )
    upstream.clearFaults()
    upstream.limit(undefined)
    await sleep(100) // where there was nothing to do, others get their turn
  }
  return done
}

const CALM_MS = 30_000

/** All is well again: each of the gates, begun anew, has what is admitted, and refuses the rest. */
async function calm({ stage }: Fleet): Promise<readonly string[]> {
  const { truth, replicas } = stage
  for (const { gate } of replicas) {
    await gate.stop()
    await gate.start()
  }
  const end = performance.now() + CALM_MS
  const missing: string[] = []
  for (const [number, replica] of replicas.entries())
    for (const file of truth.files) {
      if (!file.isHonest || file.project === 'swapped') continue
      const isAdmitted = file.admittedBy.includes('open')
      if (!isAdmitted && file.admittedBy.length > 0) continue
      let said: string
      do {
        const answer = await stage.askOf(replica, { client: '127.0.1.20', path: file.path })
        const isWhole = answer?.status === 200 && answer.complete && answer.body.equals(file.bytes)
        said = isWhole ? 'whole' : `${answer?.status} ${(answer && codeOf(answer)) ?? ''}`
        if (isAdmitted ? isWhole : /^40[34] /.test(said)) break
        await sleep(300)
      } while (performance.now() < end)
      if (isAdmitted ? said !== 'whole' : !/^40[34] /.test(said)) missing.push(`${file.filename} at ${number}: ${said}`)
    }
  // what came in last is on its way to the bucket for a moment yet
  while (replicas.some(({ data }) => unbrought(data).length > 0) && performance.now() < end) await sleep(100)
  return missing
}
