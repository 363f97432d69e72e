import fc from 'fast-check'
import t from 'tap'
import type { Sha256 } from '../../../src/domain/base/digest.ts'
import { GateError } from '../../../src/domain/base/errors.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import type { SignerKey } from '../../../src/domain/identity/signer.ts'
import { type Facts, ProjectMemory } from '../../../src/domain/memory/project-memory.ts'
import { isChanged } from '../../../src/domain/memory/sighting.ts'
import { type Agreed, type Ledger, takeIn } from '../../../src/store/shared/ledger.ts'
import { createSharedMemory, type SharedMemory } from '../../../src/store/shared/shared-memory.ts'
import { fileOf, PKG, pageOf, proved } from '../facts.ts'
import { START } from '../stores.ts'

const NAMES = ['pkg-1.0.tar.gz', 'pkg-1.1.tar.gz']
const CONTENTS = ['the bytes', 'other bytes']
const SIGNERS = ['acme', 'mallory']

/** What a gate does: each answers with whether a file is admitted. */
type Act =
  | { readonly does: 'read'; readonly name: string; readonly content: string }
  | { readonly does: 'prove'; readonly name: string; readonly content: string; readonly signer: string }
  | { readonly does: 'admit'; readonly name: string; readonly content: string }

const anyAct: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ does: fc.constant('read'), name: fc.constantFrom(...NAMES), content: fc.constantFrom(...CONTENTS) }),
  fc.record({
    does: fc.constant('prove'),
    name: fc.constantFrom(...NAMES),
    content: fc.constantFrom(...CONTENTS),
    signer: fc.constantFrom(...SIGNERS),
  }),
  fc.record({ does: fc.constant('admit'), name: fc.constantFrom(...NAMES), content: fc.constantFrom(...CONTENTS) }),
) as fc.Arbitrary<Act>

/** As the rules of a policy are that trusts whoever was first, and takes what nobody signed while nothing was. */
function admits(memory: ProjectMemory, name: string, content: string): boolean {
  if (isChanged(memory.sightings, fileOf(name, content))) return false
  const { first } = memory.history
  if (first === undefined) return true
  return memory.proofs.get(name)?.proof.signer === first.proof.signer
}

/** Everything that waits takes its turn in an order that nobody knows. */
class Turns {
  readonly #picks: readonly number[]
  readonly #waiting: (() => void)[] = []
  #turn = 0

  constructor(picks: readonly number[]) {
    this.#picks = picks
  }

  schedule(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    return promise
  }

  /** Lets them go one by one, and whoever waited goes on as far as he can in between. */
  async waitFor<Result>(all: Promise<Result>): Promise<Result> {
    let over = false
    const result = all.finally(() => {
      over = true
    })
    result.catch(() => {})
    while (!over) {
      await new Promise(resolve => setImmediate(resolve))
      const pick = this.#picks[this.#turn % this.#picks.length] ?? 0
      this.#turn += 1
      this.#waiting.splice(pick % Math.max(1, this.#waiting.length), 1).at(0)?.()
    }
    return await result
  }
}

const anyTurns = fc.array(fc.nat(50), { minLength: 12, maxLength: 40 }).map(picks => new Turns(picks))

/** What all share, asked through turns: nobody knows when a question arrives, when its answer does, and when what was learned is heard. */
class Shared implements Ledger {
  /** every memory that there was, in order: what one gate with the same facts would have known */
  readonly past: ProjectMemory[] = [ProjectMemory.of(PKG)]
  readonly versions: number[] = [0]
  readonly replicas: SharedMemory[] = []
  /** the newest version that each has heard of */
  readonly heard: number[] = []
  readonly #scheduler: Turns

  constructor(scheduler: Turns) {
    this.#scheduler = scheduler
  }

  get now(): Agreed {
    const memory = this.past.at(-1) ?? ProjectMemory.of(PKG)
    return { memory, version: this.versions.at(-1) ?? 0, characters: 0 }
  }

  async #asked<Answer>(answer: () => Answer): Promise<Answer> {
    await this.#scheduler.schedule()
    const its = answer()
    await this.#scheduler.schedule()
    return its
  }

  async load(): Promise<Agreed> {
    return await this.#asked(() => this.now)
  }

  async version(): Promise<number> {
    return await this.#asked(() => this.now.version)
  }

  async learn(_project: typeof PKG, facts: Facts): Promise<Agreed> {
    return await this.#asked(() => {
      const { memory, version } = this.now
      const taken = takeIn(memory, facts)
      if (taken.changes !== 'nothing') {
        this.past.push(taken.memory)
        this.versions.push(taken.changes === 'the reading' ? version : version + 1)
      }
      const { version: newest } = this.now
      if (newest > version)
        for (const [number, replica] of this.replicas.entries())
          void this.#scheduler.schedule().then(() => {
            replica.heard(PKG, newest)
            this.heard[number] = Math.max(newest, this.heard[number] ?? 0)
          })
      return this.now
    })
  }
}

interface Admission {
  readonly replica: number
  readonly name: string
  readonly content: string
  /** places in the past: when it was asked, and when it was decided */
  readonly from: number
  readonly to: number
  /** decided by what was at hand, which others may have added to */
  readonly hot: boolean
  readonly version: number
  readonly heard: number
}

async function play(scripts: readonly (readonly Act[])[], scheduler: Turns): Promise<string | undefined> {
  const shared = new Shared(scheduler)
  const reach = { isAway: false, isStale: false, assertUsable() {} }
  const lookUps = { projectOf: async () => undefined, names: async () => [], listedAs: async () => [] }
  const admissions: Admission[] = []
  const running = scripts.map(async (script, replica) => {
    const memory = createSharedMemory({ ledger: shared, reach, raise() {}, lookUps })
    shared.replicas.push(memory)
    let at = START
    for (const act of script) {
      at = instant(at + 1)
      const { name, content } = act
      const from = shared.past.length - 1
      if (act.does === 'read') {
        await memory.learn(PKG, pageOf([fileOf(name, content)], at))
        continue
      }
      const atHand = act.does === 'admit' ? memory.atHand(PKG, name) : undefined
      const known =
        atHand ??
        (act.does === 'admit' ? await memory.of(PKG, name) : await memory.learn(PKG, factsOf(act.name, act.signer, at)))
      const hot = atHand !== undefined
      const to = shared.past.length - 1
      const place = shared.past.findLastIndex(one => one.knowsAs(known))
      const version = shared.versions[place] ?? 0
      const heard = shared.heard[replica] ?? 0
      if (admits(known, name, content)) admissions.push({ replica, name, content, from, to, hot, version, heard })
    }
  })
  await scheduler.waitFor(Promise.all(running))
  for (const one of admissions) {
    const wrong = one.hot ? heldAgainst(one, shared) : disagreedOn(one, shared)
    if (wrong !== undefined) return `${wrong}: ${JSON.stringify(one)}`
  }
  return undefined
}

/** At no moment between question and answer would one gate that knew everything have admitted it. */
function disagreedOn({ name, content, from, to }: Admission, { past }: Shared): string | undefined {
  const moments = past.slice(from, to + 1)
  return moments.some(memory => admits(memory, name, content)) ? undefined : 'agreement would have refused it'
}

/** What is at hand says what was agreed on, until something newer is heard. */
function heldAgainst({ name, content, version, heard }: Admission, shared: Shared): string | undefined {
  if (heard > version) return `version ${heard} was heard of, and ${version} went on`
  const agreed = shared.past.filter((_, place) => shared.versions[place] === version)
  return agreed.some(memory => admits(memory, name, content)) ? undefined : 'nobody ever agreed on it'
}

/** What is proved costs something to make. */
const PROVED = new Map(NAMES.map(name => [name, proved(name)] as const))

function factsOf(name: string, signer: string, at: typeof START): Facts {
  const its = PROVED.get(name) ?? proved(name)
  return { proofs: [{ ...its, proof: { ...its.proof, at, signer: signer as SignerKey } }] }
}

for (const gates of [2, 3])
  t.test(`${gates} gates, in whatever order things come to pass, admit nothing that one would refuse`, async t => {
    let played = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anyAct, { minLength: 2, maxLength: 6 }), { minLength: gates, maxLength: gates }),
        anyTurns,
        async (scripts, scheduler) => {
          const wrong = await play(scripts, scheduler)
          if (wrong !== undefined) throw new Error(wrong)
          played += 1
        },
      ),
      { numRuns: 1_000, endOnFailure: true },
    )
    t.equal(played, 1_000)
  })

t.test('a memory that is at hand and was not asked about would admit it: the test bites', async t => {
  const scripts: readonly (readonly Act[])[] = [
    [{ does: 'prove', name: NAMES[0] ?? '', content: CONTENTS[0] ?? '', signer: 'acme' }],
  ]
  await fc.assert(
    fc.asyncProperty(anyTurns, async scheduler => {
      const shared = new Shared(scheduler)
      const lookUps = { projectOf: async () => undefined, names: async () => [], listedAs: async () => [] }
      const reach = { isAway: false, isStale: false, assertUsable() {} }
      const memory = createSharedMemory({ ledger: shared, reach, raise() {}, lookUps })
      const before = memory.of(PKG)
      await scheduler.waitFor(before)
      const [act] = scripts[0] ?? []
      if (act?.does !== 'prove') throw new TypeError('a proof comes first')
      await scheduler.waitFor(shared.learn(PKG, factsOf(act.name, act.signer, START)))
      const stale = memory.atHand(PKG)
      const agreed = memory.of(PKG, 'pkg-1.1.tar.gz')
      await scheduler.waitFor(agreed)
      t.ok(stale !== undefined && admits(stale, 'pkg-1.1.tar.gz', 'the bytes'), 'by what is at hand')
      t.notOk(admits(await agreed, 'pkg-1.1.tar.gz', 'the bytes'), 'by what all agree on')
    }),
    { numRuns: 5, endOnFailure: true },
  )
})

t.test('two first identities at once: one wins, and the other is refused', async t => {
  await fc.assert(
    fc.asyncProperty(anyTurns, async scheduler => {
      const shared = new Shared(scheduler)
      const lookUps = { projectOf: async () => undefined, names: async () => [], listedAs: async () => [] }
      const reach = { isAway: false, isStale: false, assertUsable() {} }
      const verdicts = SIGNERS.map(async (signer, index) => {
        const memory = createSharedMemory({ ledger: shared, reach, raise() {}, lookUps })
        shared.replicas.push(memory)
        await memory.of(PKG)
        const name = NAMES[index] ?? ''
        const learned = await memory.learn(PKG, factsOf(name, signer, START))
        return { admitted: admits(learned, name, 'the bytes'), knew: learned.proofs.size }
      })
      const all = Promise.all(verdicts)
      await scheduler.waitFor(all)
      const [alone, both] = (await all).toSorted((one, other) => one.knew - other.knew)
      // the one that was learned first knew of no other; the one that came second knew of both
      if (alone?.knew !== 1 || !alone.admitted || both?.knew !== 2) throw new Error('nobody was first')
      const { memory } = await scheduler.waitFor(shared.load())
      const names = NAMES.filter(name => admits(memory, name, 'the bytes'))
      if (names.length !== 1) throw new Error(`${names.length} are the first identity`)
    }),
    { numRuns: 300, endOnFailure: true },
  )
  t.pass()
})

t.test(
  'while the database is away, what is at hand goes on for files that were asked about, and nothing is learned',
  async t => {
    let away = false
    const gone = new GateError('unknown-store', 'the database is away')
    const state = { memory: ProjectMemory.of(PKG), version: 0 }
    const assertThere = (): void => {
      if (away) throw gone
    }
    const ledger: Ledger = {
      async load() {
        assertThere()
        return { ...state, characters: 0 }
      },
      async version() {
        assertThere()
        return state.version
      },
      async learn(_project, facts) {
        assertThere()
        const { memory, changes } = takeIn(state.memory, facts)
        state.memory = memory
        if (changes === 'what is known') state.version += 1
        return { ...state, characters: 0 }
      },
    }
    let isStale = false
    const reach = {
      get isAway() {
        return away
      },
      get isStale() {
        return isStale
      },
      assertUsable() {
        if (isStale) throw gone
      },
    }
    const lookUps = { projectOf: async () => undefined, names: async () => [], listedAs: async () => [] }
    const memory = createSharedMemory({ ledger, reach, raise() {}, lookUps })
    const [asked = '', other = ''] = NAMES
    await memory.learn(PKG, pageOf([fileOf(asked), fileOf(other)], START))
    await memory.of(PKG, asked)
    away = true
    t.ok(memory.atHand(PKG, asked))
    t.equal(memory.atHand(PKG, other), undefined, 'nobody asked about it')
    await t.rejects(memory.of(PKG, other), { code: 'unknown-store' })
    await t.rejects(memory.learn(PKG, factsOf(asked, 'acme', START)), { code: 'unknown-store' }, 'a proof is agreed on')
    const at = instant(START + 5_000)
    await memory.learn(PKG, { reread: at })
    t.equal((await memory.of(PKG)).reading?.lastRead, at, 'a page that is the same is read on')
    t.ok(memory.atHand(PKG, asked), 'and what was asked is not asked again')
    t.equal(state.memory.reading?.lastRead, START)
    isStale = true
    t.equal(memory.atHand(PKG, asked), undefined)
    await t.rejects(memory.of(PKG), { code: 'unknown-store' })
    away = isStale = false
    await memory.catchUp()
    t.equal(state.memory.reading?.lastRead, at, 'others know of it once the database is back')
  },
)

t.test('bytes that were had of what is no longer the first sha256 do not count', async t => {
  const [name = ''] = NAMES
  const { memory } = takeIn(ProjectMemory.of(PKG), pageOf([fileOf(name, 'the bytes')], START))
  const had = (sha256: Sha256): Facts => ({ settled: [{ filename: name, sha256, at: START }] })
  t.equal(takeIn(memory, had(fileOf(name, 'other bytes').sha256)).changes, 'nothing')
  t.equal(takeIn(memory, had(fileOf(name, 'the bytes').sha256)).settled.length, 1)
})
