import { GateError } from '../../../domain/base/errors.ts'
import { instant } from '../../../domain/base/instant.ts'
import type { GroupFilter, LedgerPage, LedgerRows, RefusalGroup } from '../../../ports/console/ledger.ts'
import { GROUP, type GroupKind, type Segment } from '../columns/segment.ts'
import { type Condition, isOutside, isWhole, select, type Wanted } from '../columns/select.ts'
import { sumUp } from '../columns/sums.ts'
import { numbersCursor, readLimit, readNumbers } from './cursor.ts'
import { type Asked, conditionsOf, maybe, within } from './wanted.ts'

interface Group {
  readonly index: number
  readonly project: number
  readonly code: number
  readonly rule: number
  requests: number
  first: number
  last: number
  lastId: number
  filename: number
  sha256: number
  readonly files: Set<number>
  readonly subjects: Set<number>
}

/** What was refused, or let through only because a policy watches, put together; what was put together last first. */
export async function refusalGroups(
  asked: Asked,
  kind: GroupKind,
  filter: GroupFilter,
  page: LedgerPage,
): Promise<LedgerRows<RefusalGroup>> {
  const limit = readLimit(page)
  const [top = asked.scene.last, before = Number.POSITIVE_INFINITY] = readNumbers(kind, page.cursor, 2) ?? []
  const conditions = conditionsOf(asked, filter)
  if (conditions === undefined) return { rows: [], next: undefined }
  const wanted = { ...within(asked.scene, filter), top, conditions }
  const after = foundIn(asked, kind, wanted)
    .filter(group => group.lastId < before)
    .sort((one, other) => other.lastId - one.lastId)
  const shown = after.slice(0, limit)
  const last = shown.at(-1)
  return {
    rows: shown.map(group => told(asked, group)),
    next: last === undefined || after.length === shown.length ? undefined : numbersCursor(kind, top, last.lastId),
  }
}

/** What all segments of the file come to that are whole: the same for every question that is about no time and no subject. */
interface Base {
  /** of the segments that are in it */
  readonly firsts: Set<number>
  readonly found: Map<number, Group[]>
}

const bases = new WeakMap<object, Map<GroupKind, Base>>()

function foundIn(asked: Asked, kind: GroupKind, wanted: Wanted): readonly Group[] {
  const { scene, file } = asked
  const whole = scene.segments.filter(segment => file.segments.includes(segment) && isWhole(segment, wanted))
  const isOfAll =
    wanted.since === Number.NEGATIVE_INFINITY && wanted.conditions.every(({ column }) => column !== 'subject')
  const found = new Map<number, Group[]>()
  if (!isOfAll) {
    addAll(asked, kind, wanted, found, scene.segments)
    return [...found.values()].flat()
  }
  const firsts = new Set(whole.map(({ first }) => first))
  const kept = bases.get(file.era) ?? new Map<GroupKind, Base>()
  bases.set(file.era, kept)
  let base = kept.get(kind)
  if (base === undefined || !base.firsts.isSubsetOf(firsts)) {
    base = { firsts: new Set(), found: new Map() }
    kept.set(kind, base)
  }
  // one that is given up here goes on where it was
  for (const segment of whole) {
    if (base.firsts.has(segment.first)) continue
    addAll(asked, kind, { ...wanted, conditions: [] }, base.found, [segment])
    base.firsts.add(segment.first)
  }
  const isIn = new Set(whole)
  addAll(
    asked,
    kind,
    wanted,
    found,
    scene.segments.filter(segment => !isIn.has(segment)),
    base.found,
  )
  return together(base.found, found, wanted)
}

/** What was found besides takes the place of what it goes on from. */
function together(
  base: ReadonlyMap<number, readonly Group[]>,
  found: ReadonlyMap<number, readonly Group[]>,
  { conditions }: Wanted,
): readonly Group[] {
  const all: Group[] = []
  const isMeant = (group: Group): boolean =>
    conditions.every(({ column, accepts }) => accepts(group[column as 'index']))
  for (const [project, groups] of base) {
    const later = found.get(project) ?? []
    for (const group of groups) if (!later.some(its => isSame(its, group)) && isMeant(group)) all.push(group)
  }
  for (const groups of found.values()) all.push(...groups)
  return all
}

type Key = Pick<Group, 'index' | 'code' | 'rule'>

function isSame(one: Key, other: Key): boolean {
  return one.code === other.code && one.rule === other.rule && one.index === other.index
}

/** What every segment that is wanted comes to. */
function addAll(
  asked: Asked,
  kind: GroupKind,
  wanted: Wanted,
  found: Map<number, Group[]>,
  segments: readonly Segment[],
  base?: ReadonlyMap<number, readonly Group[]>,
): void {
  // whoever asked is not told apart in the sums of all
  const subject = wanted.conditions.find(({ column }) => column === 'subject')?.word
  const others = wanted.conditions.filter(({ column }) => column !== 'subject')
  const tests = others.map(({ column, accepts }) => [GROUP.indexOf(column as 'index'), accepts] as const)
  for (const segment of segments) {
    if (isOutside(segment, wanted)) continue
    if (performance.now() > asked.deadline) throw new GateError('unknown-store', 'it takes too long to sum this up')
    if (!isWhole(segment, wanted)) {
      const flat = sumsOfSome(asked, segment, kind, wanted)
      for (let at = 0; at < flat.length; at = endOf(flat, at)) add(found, flat, at, base)
      continue
    }
    const flat = subject === undefined ? segment.sums()[kind] : segment.ofSubject(kind, subject)
    // an entry of a subject has its word before it
    const ahead = subject === undefined ? 0 : 1
    for (let at = ahead; at < flat.length; at = endOf(flat, at) + ahead)
      if (
        (subject === undefined || flat[at - 1] === subject) &&
        tests.every(([column, accepts]) => accepts(flat[at + column] ?? 0))
      )
        add(found, flat, at, base)
  }
}

/** Where the files and subjects of an entry end. */
function endOf(flat: Float64Array, at: number): number {
  return at + GROUP.length + (flat[at + 10] ?? 0) + (flat[at + 11] ?? 0)
}

const NOTHING = new Float64Array()

function sumsOfSome({ source }: Asked, segment: Segment, kind: GroupKind, wanted: Wanted): Float64Array {
  const word = source.number(kind === 'refused' ? 'refused' : 'admitted')
  const outcome: Condition = { column: 'outcome', accepts: its => its === word }
  const rows = select(segment, { ...wanted, conditions: [outcome, ...wanted.conditions] })
  if (rows.length === 0) return NOTHING
  return sumUp(segment, its => source.text(its), rows)[kind]
}

/** An entry as {@link GROUP} says. */
function add(
  found: Map<number, Group[]>,
  flat: Float64Array,
  at: number,
  base?: ReadonlyMap<number, readonly Group[]>,
): void {
  const number = (column: number): number => flat[at + column] ?? 0
  const [index, project, code, rule, lastId] = [number(0), number(1), number(2), number(3), number(7)]
  let groups = found.get(project)
  if (groups === undefined) {
    groups = []
    found.set(project, groups)
  }
  const key = { index, code, rule }
  let group = groups.find(its => isSame(its, key))
  const before = group === undefined ? base?.get(project)?.find(its => isSame(its, key)) : undefined
  if (before !== undefined) {
    group = { ...before, files: new Set(before.files), subjects: new Set(before.subjects) }
    groups.push(group)
  }
  if (group === undefined) {
    const [first, last] = [number(5), number(6)]
    const nothing = {
      requests: 0,
      lastId: 0,
      filename: 0,
      sha256: 0,
      files: new Set<number>(),
      subjects: new Set<number>(),
    }
    group = { index, project, code, rule, first, last, ...nothing }
    groups.push(group)
  }
  group.requests += number(4)
  group.first = Math.min(group.first, number(5))
  group.last = Math.max(group.last, number(6))
  const files = at + GROUP.length
  const subjects = files + number(10)
  for (let place = files; place < subjects; place += 1) group.files.add(flat[place] ?? 0)
  for (let place = subjects; place < subjects + number(11); place += 1) group.subjects.add(flat[place] ?? 0)
  if (lastId < group.lastId) return
  group.lastId = lastId
  group.filename = number(8)
  group.sha256 = number(9)
}

function told(asked: Asked, group: Group): RefusalGroup {
  const { source } = asked
  return {
    index: maybe(asked, group.index),
    project: source.text(group.project),
    code: source.text(group.code),
    rule: maybe(asked, group.rule),
    requests: group.requests,
    files: group.files.size,
    subjects: group.subjects.size,
    first: instant(group.first),
    last: instant(group.last),
    filename: source.text(group.filename),
    sha256: maybe(asked, group.sha256),
  }
}
