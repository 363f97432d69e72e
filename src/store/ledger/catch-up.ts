import { GrowingSegment } from './columns/growing-segment.ts'
import type { Extent, Gap, LedgerFile } from './columns/ledger-file.ts'
import { SEGMENT, type Segment } from './columns/segment.ts'
import type { Alive } from './columns/select.ts'
import { identityIn } from './sources/identity-text.ts'
import type { JournalSource } from './sources/source.ts'

/** How old a row is to which nothing is added any more, ms; and how often it is noted which is the last, ms. */
const SETTLED_MS = 300_000
const NOTED_MS = 10_000
/** Looking for news takes at most such a part of the time, but it is looked for after so long again, ms. */
const PART = 20
const LOOKS_EVERY = 1_000

/** The journal as it was when somebody last looked. */
export interface Scene {
  /** in the order of their ids, those in memory last */
  readonly segments: readonly Segment[]
  readonly alive: Alive
  /** the last id */
  readonly last: number
  /** ids that are not among the segments yet */
  readonly gaps: readonly Gap[]
}

export interface CatchUp {
  /** What is there now. */
  look(): Promise<Scene>
  /** Brings one piece of the journal into the file, or that in order. False when there is none that could be. */
  step(): Promise<boolean>
}

const NOTHING: Scene = { segments: [], alive: { id: 0, at: 0, idAt: 0 }, last: 0, gaps: [] }

interface Options {
  readonly source: JournalSource
  readonly file: LedgerFile
  /** ms */
  readonly clock: () => number
  /** ms, which never goes back */
  readonly elapsed?: (() => number) | undefined
  /** rows that are kept together */
  readonly segment?: number | undefined
}

export function createCatchUp(options: Options): CatchUp {
  const { source, file, elapsed = () => performance.now(), segment: most = SEGMENT } = options
  const tail = createTail(options)
  let begun = false
  let version: unknown
  let next = Number.NEGATIVE_INFINITY
  let scene = NOTHING

  async function look(): Promise<Scene> {
    const began = elapsed()
    if (begun && began < next) return scene
    const now = await source.version()
    if (begun && now === version) return scene
    version = undefined
    const extent = await source.extent()
    if (extent === undefined) {
      file.clear()
      tail.begin(0)
      scene = NOTHING
    } else {
      if (!begun) await begin(options, tail)
      await tail.follow()
      scene = sceneOf(extent)
    }
    if (begun) next = elapsed() + Math.min(LOOKS_EVERY, (elapsed() - began) * PART)
    begun = true
    version = now
    return scene
  }

  function sceneOf(extent: Alive & { readonly last: number }): Scene {
    const dead = file.segments.filter(({ last, until }) => last < extent.id || until < extent.at)
    if (dead.length > 0) file.drop(dead)
    const { id, at, idAt } = extent
    const gaps = file.extent?.gaps.filter(([, upTo]) => upTo >= id) ?? []
    const segments = [...file.segments, ...tail.segments()]
    return { segments, alive: { id, at, idAt }, last: Math.max(extent.last, tail.last()), gaps }
  }

  /** The latest first. */
  async function fill({ upTo, gaps, mark }: Extent, { id }: Alive): Promise<void> {
    const [from, last] = gaps.at(-1) ?? [0, 0]
    const rows = await source.rowsBefore(Math.max(from, id), last, most)
    const segment = new GrowingSegment(word => source.text(word), most)
    for (const row of rows) segment.add(row)
    const rest = gaps.slice(0, -1)
    if (segment.isFull && segment.first > from) rest.push([from, segment.first - 1])
    file.together(() => {
      nameAll(options, [segment])
      file.keep(segment.rows > 0 ? [segment] : [], { upTo, gaps: rest, mark })
    })
  }

  return {
    look,
    async step() {
      if (file.tidy()) return true
      const { extent } = file
      if (extent === undefined && scene.segments.length === 0) return false
      const { alive } = scene
      if (extent !== undefined && extent.gaps.length > 0) await fill(extent, alive)
      else if (!(await tail.settle(extent))) return false
      scene = { ...scene, segments: [...file.segments, ...tail.segments()], gaps: file.extent?.gaps ?? [] }
      return true
    },
  }
}

/** Where the file ends, and what of it is still good. */
async function begin({ source, file, clock, segment = SEGMENT }: Options, tail: Tail): Promise<void> {
  if (file.extent !== undefined && (await source.mark(file.extent.upTo)) !== file.extent.mark) file.clear()
  const { upTo, gaps }: Pick<Extent, 'upTo' | 'gaps'> = file.extent ?? { upTo: 0, gaps: [] }
  const settled = await source.settled(clock())
  const mark = await source.mark(settled)
  if (settled - upTo < segment || mark === undefined) {
    tail.begin(upTo)
    return
  }
  file.keep([], { upTo: settled, gaps: [...gaps, [upTo + 1, settled]], mark })
  tail.begin(settled)
}

interface Tail {
  /** Forgets all, and goes on after this id. */
  begin(after: number): void
  /** Takes in what was written since. */
  follow(): Promise<void>
  segments(): readonly Segment[]
  last(): number
  /** Writes the first segment into the file. False while it may change. */
  settle(extent: Extent | undefined): Promise<boolean>
}

/** The rows after those in the file. */
function createTail(options: Options): Tail {
  const { source, file, elapsed = () => performance.now(), segment: size = SEGMENT } = options
  let after = 0
  let segments: GrowingSegment[] = []
  /** when an id was the last */
  let notes: { readonly id: number; readonly at: number }[] = []

  function last(): number {
    return segments.at(-1)?.last ?? after
  }

  function settled(): number {
    const before = elapsed() - SETTLED_MS
    const passed = notes.filter(({ at }) => at <= before)
    if (passed.length > 1) notes = notes.slice(passed.length - 1)
    return passed.at(-1)?.id ?? after
  }

  async function takeIn(): Promise<readonly GrowingSegment[]> {
    const changed = new Set<GrowingSegment>()
    for (;;) {
      const open = segments.at(-1)
      const room = open === undefined || open.isFull ? new GrowingSegment(word => source.text(word), size) : open
      const most = size - room.rows
      const rows = await source.rows(last(), most)
      if (rows.length === 0) return [...changed]
      for (const row of rows) room.add(row)
      if (room !== open) segments.push(room)
      changed.add(room)
      if (rows.length < most) return [...changed]
    }
  }

  return {
    begin(id) {
      after = id
      segments = []
      notes = []
    },
    async follow() {
      const changed = await takeIn()
      nameAll(options, changed)
      const latest = notes.at(-1)
      if (latest === undefined || (latest.id !== last() && elapsed() - latest.at >= NOTED_MS))
        notes.push({ id: last(), at: elapsed() })
      for (const [id, count] of await source.counts(settled()))
        for (const segment of segments) if (id >= segment.first && id <= segment.last) segment.recount(id, count)
    },
    segments: () => segments,
    last,
    async settle(extent) {
      const [first] = segments
      if (first === undefined || !first.isFull || first.last > settled()) return false
      const mark = await source.mark(first.last)
      if (mark === undefined) return false
      file.keep([first], { upTo: first.last, gaps: extent?.gaps ?? [], mark })
      after = first.last
      segments = segments.slice(1)
      return true
    },
  }
}

/** What is looked for by its name: projects, and who signed. */
function nameAll({ source, file }: Options, segments: readonly Segment[]): void {
  for (const segment of segments) {
    const projects = [...segment.words('project').dictionary].filter(word => word !== 0)
    file.nameProjects(projects.map(word => ({ word, name: source.text(word) })).filter(({ name }) => name !== ''))
    const identities = [...segment.words('identity').dictionary].filter(word => word !== 0)
    file.nameIdentities(
      identities.flatMap(word => {
        const identity = identityIn(source.text(word))
        return identity === undefined ? [] : [{ word, ...saidBy(identity) }]
      }),
    )
  }
}

const COMMIT = /@([0-9a-f]{40}|[0-9a-f]{64})$/

function saidBy(identity: NonNullable<ReturnType<typeof identityIn>>): {
  readonly said: string
  readonly commit: string | undefined
} {
  const parts = [identity.issuer, identity.san, identity.repository, identity.workflow, identity.ref]
  const said = parts.filter(part => part !== undefined).join('\n')
  return { said: said.toLowerCase(), commit: identity.commit ?? COMMIT.exec(identity.san)?.[1] }
}
