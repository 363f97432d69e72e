import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { CONTENTS, DIGESTS } from './ingest-child.ts'
import { type Ingesting, scratchIn, startIngesting } from './ingesting.ts'
import { wrongIn, wrongWith } from './left-behind.ts'
import { attach, type Call, callsOf, stopAfterEach, withoutTracer } from './tracer.ts'

t.setTimeout(900_000)

/**
 * Every call by which an ingest changes the data folder, from its opening to its end, in each thread, is counted first; then
 * the folder is looked at as it is after each of them, and each of them fails: in one way from an empty folder, in the other from one that
 * was left by a kill (all of both would take twice the minutes; `EVERY_FAULT=1` has them).
 */
const ERRORS = ['EIO', 'ENOSPC'] as const
/** what only a disk that is broken says */
const NEVER_FULL: readonly string[] = ['fsync', 'fdatasync', 'unlink', 'unlinkat', 'rmdir']
/** processes at once */
const LANES = 2

interface Fault {
  readonly call: Call
  /** what the call says */
  readonly how: string
}

interface Outcome extends Fault {
  readonly wrong: readonly string[]
  /** the call was made, and the fault came to it */
  readonly met: boolean
  /** failures that were told */
  readonly told: number
}

/** Makes a data folder as it is when the process opens it. */
type Begin = (data: string) => void

t.test('at every call of an ingest that changes the data folder', { skip: withoutTracer() }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-calls-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const killed = join(folder, 'killed')
  await t.test('from an empty folder', t => atEveryCall(t, { folder, begin: () => {}, keep: killed, turn: 0 }))
  await t.test('from a folder that was left by a kill', t =>
    atEveryCall(t, { folder, begin: data => cpSync(killed, data, { recursive: true }), turn: 1 }),
  )
})

interface Round {
  readonly folder: string
  readonly begin: Begin
  /** where one of the states is put, of a process that died after it had written down its second file */
  readonly keep?: string
  /** which of a call's errors it meets first */
  readonly turn: number
}

async function atEveryCall(t: Test, { folder, begin, keep, turn }: Round): Promise<void> {
  const calls = await counted(folder, begin)
  t.comment(summed(calls))
  for (const name of ['openat', 'pwrite64', 'fsync', 'rename', 'unlink'])
    t.ok(
      calls.some(call => call.name === name),
      `${name} is among them`,
    )

  await t.test('what a process that ends there leaves behind is not wrong, and holds what it promised', async t => {
    const states = await statesAfter({ folder, begin, names: [...new Set(calls.map(({ name }) => name))] })
    t.ok(states.length >= 0.9 * calls.length, `${states.length} states of the folder after ${calls.length} calls`)
    const midway = states.find(({ lines }) => lines.includes('noted large'))
    if (keep !== undefined && midway !== undefined) cpSync(midway.data, keep, { recursive: true })
    const wrong: string[] = []
    for (const [number, { data, lines }] of states.entries()) {
      const found = await wrongWith(data, { lines, ended: false })
      wrong.push(...found.map(what => `after stop ${number + 1}: ${what}`))
      rmSync(data, { recursive: true, force: true })
    }
    t.strictSame(wrong, [])
  })

  await t.test('a call that fails is told, and leaves nothing wrong', async t => {
    const faults = calls.flatMap((call, place) => {
      const errors = ERRORS.filter(error => error !== 'ENOSPC' || !NEVER_FULL.includes(call.name))
      const met = !('EVERY_FAULT' in process.env) ? errors.slice((place + turn) % errors.length).slice(0, 1) : errors
      return met.map(how => ({ call, how }))
    })
    const outcomes = await inLanes(faults, () => spoiler(folder, begin))
    report(t, outcomes)
    t.ok(
      outcomes.some(({ told }) => told > 0),
      `${outcomes.filter(({ told }) => told > 0).length} of them were told`,
    )
  })
}

t.test('whoever looks at what was left behind sees', async t => {
  const folder = t.testdir()
  const nothing = { lines: [], ended: false }
  t.strictSame(await wrongWith(folder, nothing), [], 'nothing in an empty folder')
  t.match(await wrongWith(folder, { ...nothing, lines: ['stored large', 'noted last'] }), [
    'large is absent',
    'the verdict on last is lost',
    'the finding of last is lost',
  ])
  const place = join(folder, 'blobs', DIGESTS.large.slice(0, 2), DIGESTS.large.slice(2, 4))
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, DIGESTS.large), CONTENTS.large.subarray(1))
  t.match(await wrongWith(folder, nothing), [/^half a file stands at /, /^alarm blob-corrupt/])
})

let folders = 0

function begun(folder: string, begin: Begin): string {
  folders += 1
  const data = join(folder, `data-${folders}`)
  begin(data)
  return data
}

async function counted(folder: string, begin: Begin): Promise<readonly Call[]> {
  const ingesting = await startIngesting(scratchIn(folder))
  try {
    return await callsOf(ingesting, begun(folder, begin))
  } finally {
    await ingesting.end()
  }
}

/** `main: 3 openat, 1 mkdir; pool: 4 openat` */
function summed(calls: readonly Call[]): string {
  const threads = Map.groupBy(calls, ({ thread }) => thread)
  return [...threads]
    .map(([thread, made]) => {
      const names = Map.groupBy(made, ({ name }) => name)
      return `${thread}: ${[...names].map(([name, { length }]) => `${length} ${name}`).join(', ')}`
    })
    .join('; ')
}

/** What meets one fault after the other. */
interface Lane {
  meet(fault: Fault): Promise<Outcome>
  end(): Promise<void>
}

async function inLanes(faults: readonly Fault[], open: () => Lane): Promise<readonly Outcome[]> {
  const queue = [...faults]
  const outcomes: Outcome[] = []
  const work = async (): Promise<void> => {
    const lane = open()
    for (let fault = queue.shift(); fault !== undefined; fault = queue.shift()) outcomes.push(await met(lane, fault))
    await lane.end()
  }
  await Promise.all(Array.from({ length: LANES }, work))
  return outcomes
}

/** A thread makes a call more or less from one time to the other: a fault that it did not come to has another go. */
async function met(lane: Lane, fault: Fault): Promise<Outcome> {
  let outcome = await lane.meet(fault)
  for (let goes = 1; goes < 5 && !outcome.met && outcome.wrong.length === 0; goes += 1) outcome = await lane.meet(fault)
  return outcome
}

/** The folder as it is after each of the calls, and what was promised by then. */
async function statesAfter({
  folder,
  begin,
  names,
}: {
  readonly folder: string
  readonly begin: Begin
  readonly names: readonly string[]
}): Promise<readonly { readonly data: string; readonly lines: readonly string[] }[]> {
  const states: { readonly data: string; readonly lines: readonly string[] }[] = []
  const live = begun(folder, begin)
  const ingesting = await startIngesting(scratchIn(folder))
  try {
    await stopAfterEach({ ingesting, folder: live, names }, lines => {
      if (!existsSync(live)) return
      const data = `${live}-${states.length + 1}`
      cpSync(live, data, { recursive: true })
      states.push({ data, lines })
    })
  } finally {
    await ingesting.end()
  }
  return states
}

/** Sets the fault on the thread that makes the call, and has files taken in. */
async function suffer(data: string, ingesting: Ingesting, { call, how }: Fault) {
  const { name, when, thread } = call
  const inject = ['-e', `trace=${name}`, '-e', `inject=${name}:error=${how}:when=${when}`]
  const tracer = await attach([...inject, '-p', ingesting.threads[thread]])
  const told = await ingesting.ingest(data)
  const log = await tracer.detach()
  const wrong = [...wrongIn(told), ...(await wrongWith(data, told))]
  rmSync(data, { recursive: true, force: true })
  return { told, log, wrong }
}

/** One process for all faults; one that dies of a fault is another wrong, and has a successor. */
function spoiler(folder: string, begin: Begin): Lane {
  let ingesting: Ingesting | undefined
  return {
    async meet(fault) {
      ingesting ??= await startIngesting(scratchIn(folder))
      const { told, log, wrong } = await suffer(begun(folder, begin), ingesting, fault)
      const failures = told.lines.filter(line => line.startsWith('failed ')).length
      if (told.ended) return { ...fault, wrong, met: log.includes('(INJECTED)'), told: failures }
      await ingesting.end()
      ingesting = undefined
      return { ...fault, wrong: [...wrong, 'the process died'], met: true, told: failures }
    },
    async end() {
      await ingesting?.end()
    },
  }
}

function report(t: Test, outcomes: readonly Outcome[]): void {
  const kinds = Map.groupBy(outcomes, ({ call, how }) => `${call.thread} thread, ${call.name}, ${how}`)
  for (const [kind, all] of kinds) {
    const wrong = all.flatMap(({ call, wrong }) => wrong.map(what => `at the ${call.when}th: ${what}`))
    t.strictSame(wrong, [], `${kind}: ${all.length} calls`)
  }
  const missed = outcomes.filter(({ met }) => !met).map(({ call, how }) => `${call.name} ${call.when} ${how}`)
  t.strictSame(missed, [], 'every one of them was met')
}
