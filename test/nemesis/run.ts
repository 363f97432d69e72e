import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { codeOf, type Violation } from './checks/checker.ts'
import { examine, type Found } from './checks/journal.ts'
import { assertTeeth } from './checks/teeth.ts'
import { createDice, type Dice } from './dice.ts'
import { BEFALLS, BUCKET } from './fleet/befalls.ts'
import type { Ended } from './gate-process.ts'
import { createFortune, type Fortune, liveHonestly } from './honest.ts'
import { CLIENTS } from './mischief/clients.ts'
import { FAULTS } from './mischief/faults.ts'
import { LIES } from './mischief/lies.ts'
import { MACHINE } from './mischief/machine.ts'
import { type Mischief, readTexts, type Side, type Stage } from './mischief/stage.ts'
import { setStage } from './setting.ts'
import type { Settings } from './settings.ts'
import { INTERNAL, type KnownFile } from './truth.ts'

export const MISCHIEF: readonly Mischief[] = [...LIES, ...FAULTS, ...CLIENTS, ...MACHINE]
/** with those that only several gates meet */
const KNOWN: readonly Mischief[] = [...MISCHIEF, ...BEFALLS, ...BUCKET]

/** What a run came to. */
export interface Outcome {
  readonly violations: readonly Violation[]
  readonly found: Found
  /** lives that ended though nobody ended them */
  readonly deaths: readonly Ended[]
  readonly done: ReadonlyMap<string, number>
  readonly lives: number
  readonly answers: number
  readonly bytes: number
  readonly statuses: ReadonlyMap<number, number>
  readonly codes: ReadonlyMap<string, number>
  readonly alarms: ReadonlyMap<string, number>
  readonly forgiven: number
  readonly peakBytes: number
  /** ms that the slowest /healthz of a running gate took */
  readonly healthWaits: readonly number[]
  readonly honest: Fortune
  readonly liedAbout: Fortune
  /** projects of which a lie was told, and which are whole again */
  readonly healed: readonly string[]
  readonly scarred: readonly string[]
  readonly missing: readonly string[]
  /** calls of the upstream for names that are never asked for outside */
  readonly leaks: number
  readonly disk: 'small' | 'none'
}

/** The behaviours of a run. Throws where a name is none. */
export function chosen({ only, without, all }: Settings): readonly Mischief[] {
  for (const name of [...only, ...without])
    if (!KNOWN.some(each => each.name === name))
      throw new TypeError(`${name} is no behaviour; there are ${KNOWN.map(each => each.name).join(', ')}`)
  return MISCHIEF.filter(({ name, onRequest }) => {
    if (without.includes(name)) return false
    return only.length > 0 ? only.includes(name) : all || onRequest === undefined
  })
}

export async function runNemesis(t: Test, settings: Settings, tell: (text: string) => void): Promise<Outcome> {
  const dice = createDice(settings.seed)
  const setting = await setStage(t, dice)
  t.teardown(() => setting.close())
  const { stage, owed, deaths, alarms, healthWaits } = setting
  const { gate, truth, checker } = stage
  const honest = createFortune()
  const liedAbout = createFortune()
  const done = new Map<string, number>()
  await t.test('the checker sees what it is there for', async t => assertTeeth(t, truth))
  await gate.start()
  await readTexts(stage)
  let isOver = false
  const wants = truth.files.filter(({ isHonest, project }) => isHonest && truth.honest.includes(project))
  const lives = [1, 2, 3].map(number =>
    liveHonestly(
      {
        stage,
        client: `127.0.1.${number}`,
        dice: createDice(settings.seed + number),
        wants: [...wants, ...truth.cold],
      },
      honest,
      () => isOver,
    ),
  )
  const doubtful = truth.files.filter(({ isHonest }) => !isHonest)
  lives.push(
    liveHonestly(
      { stage, client: '127.0.1.9', dice: createDice(settings.seed + 9), wants: doubtful },
      liedAbout,
      () => isOver,
    ),
  )
  const decks = createDecks(chosen(settings), dice)
  const end = performance.now() + settings.minutes * 60_000
  while (performance.now() < end) await episode(stage, decks, done, tell)
  isOver = true
  await Promise.all(lives)
  const { healed, scarred, missing } = await calm(stage, tell)
  const leaks = stage.upstream.requests.filter(
    ({ url }) => url.includes(INTERNAL) && !url.includes('/packages/'),
  ).length
  await gate.stop()
  await setting.close()
  return {
    violations: checker.violations,
    found: examine(setting.data, truth, owed),
    deaths,
    done,
    lives: gate.life,
    answers: checker.answers,
    bytes: checker.bytes,
    statuses: checker.statuses,
    codes: checker.codes,
    alarms,
    forgiven: owed.forgiven,
    peakBytes: gate.peakBytes,
    healthWaits,
    honest,
    liedAbout,
    healed,
    scarred,
    missing,
    leaks,
    disk: stage.disk === undefined ? 'none' : 'small',
  }
}

/** Each side's behaviours, every one once before any comes again. */
type Decks = Readonly<Record<Side, () => Mischief | undefined>>

export function createDecks(all: readonly Mischief[], dice: Dice): Decks {
  const deck = (side: Side) => {
    const cards = all.filter(each => each.side === side)
    let left: Mischief[] = []
    return (): Mischief | undefined => {
      if (left.length === 0) left = [...dice.shuffled(cards)]
      return left.pop()
    }
  }
  return { upstream: deck('upstream'), client: deck('client'), machine: deck('machine') }
}

/** A few seconds of several at once; afterwards nothing is wrong with the upstream. */
async function episode(
  stage: Stage,
  decks: Decks,
  done: Map<string, number>,
  tell: (text: string) => void,
): Promise<void> {
  const { dice, upstream, checker } = stage
  const cards = [
    decks.upstream(),
    decks.upstream(),
    decks.client(),
    ...(dice.chance(0.6) ? [decks.client()] : []),
    ...(dice.chance(0.4) ? [decks.machine()] : []),
  ].filter(card => card !== undefined)
  tell(`${cards.map(({ name }) => name).join(', ')}`)
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
}

/** What was lied about is whole again by then, ms, or stays as it is; every run waits for it. */
const CALM_MS = 20_000
/** What nobody lied about is whole by then, ms, however busy the machine is. */
const HONEST_MS = 120_000

/** All is well again, and a gate that was started anew is asked for everything. */
async function calm(
  stage: Stage,
  tell: (text: string) => void,
): Promise<{
  readonly healed: readonly string[]
  readonly scarred: readonly string[]
  readonly missing: readonly string[]
}> {
  const { gate, truth, inForce } = stage
  tell('calm')
  if (gate.url === undefined) await gate.start()
  if (inForce.current !== 'open') await stage.enforce('open')
  await gate.stop()
  await gate.start()
  inForce.certain()
  const began = performance.now()
  const isWhole = async (file: KnownFile, within: number): Promise<boolean> => {
    do {
      const answer = await stage.ask({ client: '127.0.1.20', path: file.path })
      if (answer?.status === 200 && answer.complete && answer.body.equals(file.bytes)) return true
      await sleep(300)
    } while (performance.now() < began + within)
    return false
  }
  const missing: string[] = []
  for (const file of truth.files)
    if (
      file.isHonest &&
      file.project !== 'swapped' &&
      file.admittedBy.includes('open') &&
      !(await isWhole(file, HONEST_MS))
    )
      missing.push(file.filename)
  const refused = truth.files.filter(({ admittedBy }) => admittedBy.length === 0)
  for (const file of refused) {
    const answer = await stage.ask({ client: '127.0.1.20', path: file.path })
    if (![403, 404].includes(answer?.status ?? 0)) missing.push(`the refusal of ${file.filename}: ${answer?.status}`)
  }
  const healed: string[] = []
  const scarred: string[] = []
  for (const project of truth.liedAbout) {
    const wrong = new Set<string>()
    for (const file of truth.filesOf(project)) if (!(await isWhole(file, CALM_MS))) wrong.add(await whyNot(stage, file))
    const lies = [...(stage.lies.get(project) ?? [])].join(', ')
    if (wrong.size === 0) healed.push(project)
    else scarred.push(`${project}: ${[...wrong].join(', ')} after ${lies}`)
  }
  return { healed, scarred, missing }
}

async function whyNot(stage: Stage, { path }: KnownFile): Promise<string> {
  const answer = await stage.ask({ client: '127.0.1.20', path })
  return (answer && codeOf(answer)) ?? `${answer?.status}`
}
