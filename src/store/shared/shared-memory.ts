import { LRUCache } from 'lru-cache'
import type { Instant } from '../../domain/base/instant.ts'
import { type Facts, type ProjectMemory, timeOf } from '../../domain/memory/project-memory.ts'
import { mergeReading, type PageReading } from '../../domain/memory/sighting.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { createInTurn } from '../../flow/in-turn.ts'
import { keptWithin } from '../../flow/kept-within.ts'
import type { Memory } from '../../ports/memory.ts'
import { type Agreed, type Ledger, takeIn } from './ledger.ts'
import type { Reach } from './reach.ts'

/** What memories may weigh together, about bytes. */
const MOST_WEIGHT = 128 * 1024 * 1024
/** What a file or a finding weighs beside its text. */
const ENTRY = 400
/** Versions that others made, in case an older one is on its way here: bytes, about. */
const MOST_HEARD = 4 * 1024 * 1024

/** What is at hand of a project, and the files about which it was asked whether it still is what all agree on. */
interface AtHand extends Agreed {
  readonly asked: Set<string>
}

interface Options {
  readonly ledger: Ledger
  readonly reach: Pick<Reach, 'isAway' | 'isStale' | 'assertUsable'>
  readonly raise: (at: Instant) => void
  readonly lookUps: Pick<Memory, 'projectOf' | 'names' | 'listedAs'>
  readonly mostWeight?: number
}

/** A memory of one source that several gates share, and what makes it forget. */
export interface SharedMemory extends Memory {
  /** Another gate has learned something of a project: it has this version now. */
  heard(project: ProjectName, version: number): void
  /** Something may have been missed: all is read again. */
  forgetAll(): void
  /** Writes down readings of pages that came while nobody could be asked. */
  catchUp(): Promise<void>
}

/**
 * What is at hand may be older than what others learned, by as long as it takes to hear of it. So nothing is admitted by it that was
 * not asked about: the version is compared with everybody's once for each file, and again after anything was learned of the
 * project's files. All that is learned is learned in everybody's order, and the answer waits for it.
 */
export function createSharedMemory(options: Options): SharedMemory {
  const { ledger, reach, raise, lookUps, mostWeight = MOST_WEIGHT } = options
  const known = new LRUCache<ProjectName, AtHand>({
    maxSize: mostWeight,
    sizeCalculation: ({ memory, characters }) => ENTRY * (1 + memory.size) + characters,
  })
  const newest = keptWithin<ProjectName, number>({ bytes: MOST_HEARD })
  /** readings that are known here alone */
  const waiting = new Map<ProjectName, PageReading>()
  const loading = new Map<ProjectName, Promise<AtHand>>()
  const inTurn = createInTurn<ProjectName>()
  let forgotten = 0

  /** Keeps it, unless somebody has learned more meanwhile. */
  function keep(project: ProjectName, agreed: Agreed, since: number): AtHand {
    const before = known.get(project)
    const own = waiting.get(project)
    const reading = mergeReading(agreed.memory.reading, own)
    const memory = agreed.memory.with({ reading })
    const asked =
      before?.memory.knowsAs(memory) === true && before.version <= agreed.version ? before.asked : new Set<string>()
    const kept = { ...agreed, memory, asked }
    const isOld = (newest.get(project) ?? 0) > agreed.version || since !== forgotten
    if (!isOld && (before === undefined || before.version <= agreed.version)) known.set(project, kept)
    return kept
  }

  function load(project: ProjectName): Promise<AtHand> {
    const under = loading.get(project)
    if (under !== undefined) return under
    const since = forgotten
    const loaded = ledger
      .load(project)
      .then(agreed => keep(project, agreed, since))
      .finally(() => {
        if (loading.get(project) === loaded) loading.delete(project)
      })
    loading.set(project, loaded)
    return loaded
  }

  async function of(project: ProjectName): Promise<AtHand> {
    reach.assertUsable()
    return known.get(project) ?? (await load(project))
  }

  /** As it is for everybody, at some moment after this was called. */
  async function agreedOn(project: ProjectName, about: string): Promise<AtHand> {
    let atHand = await of(project)
    while (!atHand.asked.has(about)) {
      const version = await ledger.version(project)
      if (version === atHand.version) {
        atHand.asked.add(about)
        return known.get(project) ?? atHand
      }
      heard(project, version)
      atHand = await load(project)
    }
    return atHand
  }

  function heard(project: ProjectName, version: number): void {
    newest.set(project, Math.max(version, newest.get(project) ?? 0))
    if ((known.get(project)?.version ?? version) < version) known.delete(project)
    // whatever is on its way may be older
    loading.delete(project)
  }

  /** Of what is at hand, where that needs nobody's agreement; `undefined` where it does. */
  function takeAlone(project: ProjectName, facts: Facts): ProjectMemory | undefined {
    const atHand = known.get(project)
    // what was found of a file is about to be decided by: by what all know, whether it is new to them or not
    const isFound = facts.proofs !== undefined || facts.findings !== undefined
    if (atHand === undefined || isFound) return undefined
    const taken = takeIn(atHand.memory, facts)
    if (taken.changes === 'nothing') return atHand.memory
    const { reading } = taken
    if (taken.changes !== 'the reading' || reading === undefined || !reach.isAway) return undefined
    // a page that says what it said before: others may hear of it later
    reach.assertUsable()
    waiting.set(project, reading)
    known.set(project, { ...atHand, memory: taken.memory })
    return taken.memory
  }

  async function agree(project: ProjectName, facts: Facts): Promise<ProjectMemory> {
    const since = forgotten
    const agreed = await ledger.learn(project, facts, known.get(project))
    return keep(project, agreed, since).memory
  }

  return {
    ...lookUps,
    async of(project, about) {
      return (about === undefined ? await of(project) : await agreedOn(project, about)).memory
    },
    atHand(project, about) {
      if (reach.isStale) return undefined
      const atHand = known.get(project)
      return atHand === undefined || (about !== undefined && !atHand.asked.has(about)) ? undefined : atHand.memory
    },
    async learn(project, facts) {
      const learned = takeAlone(project, facts) ?? (await inTurn(project, async () => await agree(project, facts)))
      const at = timeOf(facts)
      if (at !== undefined) raise(at)
      return learned
    },
    heard,
    forgetAll() {
      forgotten += 1
      known.clear()
      loading.clear()
    },
    async catchUp() {
      for (const [project, reading] of waiting) {
        const { lastRead } = reading
        await inTurn(project, async () => await agree(project, { reread: lastRead }))
        if (waiting.get(project) === reading) waiting.delete(project)
      }
    },
  }
}
