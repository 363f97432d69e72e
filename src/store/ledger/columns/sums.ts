import {
  type GroupKind,
  HOUR_MS,
  MOST_OF,
  numberAt,
  type Segment,
  SUBJECT_SHARES,
  type Sums,
  wordAt,
} from './segment.ts'

/** What becomes of a request, by how it stands in the journal. */
export const KINDS = { admitted: 1, watched: 2, refused: 3, forgotten: 4 } as const
export type Texts = (word: number) => string

/** Codes of admissions that `enforce` would have refused begin so. */
export const WATCHED = 'audit:'

interface Group {
  /** 0: of whoever asked */
  readonly subject: number
  readonly key: readonly number[]
  requests: number
  first: number
  last: number
  lastId: number
  filename: number
  sha256: number
  readonly files: Set<number>
  readonly subjects: Set<number>
}

/** What these rows of a segment come to, or all of them. */
export function sumUp(segment: Segment, texts: Texts, rows?: Uint32Array): Sums {
  const groups = new Groups(segment)
  const projects = new Map<number, number[]>()
  const hours = new Map<number, Map<number, number[]>>()
  const most = MOST_OF.map(column => ({ words: segment.words(column), sums: new Map<number, number[]>() }))
  const read = reader(segment, texts)
  const total = rows?.length ?? segment.rows
  for (let place = 0; place < total; place += 1) {
    const row = rows === undefined ? place : (rows[place] ?? 0)
    const { kind, isAttested, at, count, index, project } = read(row)
    const admitted = kind === KINDS.admitted || kind === KINDS.watched ? count : 0
    const refused = kind === KINDS.refused ? count : 0
    const watched = kind === KINDS.watched ? count : 0
    const attested = isAttested ? admitted : 0
    addTo(projects, project, [1, admitted, refused, watched, attested], at)
    if (kind !== KINDS.forgotten) {
      const ofHour = getOr(hours, Math.floor(at / HOUR_MS), () => new Map<number, number[]>())
      addTo(ofHour, index, [admitted, attested, refused, watched])
    }
    if (kind === KINDS.watched || kind === KINDS.refused) groups.add(kind, row, { at, count })
    if (kind === KINDS.refused)
      for (let column = 0; column < most.length; column += 1) {
        const of = most[column]
        if (of !== undefined) addTo(of.sums, wordAt(of.words, row), [count])
      }
  }
  return {
    refused: groups.flat(KINDS.refused),
    watched: groups.flat(KINDS.watched),
    projects: Float64Array.from([...projects].flatMap(([project, sums]) => [project, ...sums])),
    hours: Float64Array.from(
      [...hours].flatMap(([hour, ofHour]) => [...ofHour].flatMap(([index, sums]) => [hour, index, ...sums])),
    ),
    most: Float64Array.from(
      most.flatMap(({ sums }, column) => [...sums].flatMap(([word, refused]) => [column, word, ...refused])),
    ),
  }
}

/** What was refused, and what was watched, by who asked: as {@link Segment.ofSubject} has it, by the share of the subject. */
export function sumUpBySubject(segment: Segment, texts: Texts): Readonly<Record<GroupKind, readonly Float64Array[]>> {
  const shares = Array.from({ length: SUBJECT_SHARES }, () => new Groups(segment, { isBySubject: true }))
  const read = reader(segment, texts)
  const subjects = segment.words('subject')
  for (let row = 0; row < segment.rows; row += 1) {
    const { kind, at, count } = read(row)
    if (kind === KINDS.watched || kind === KINDS.refused)
      shares[shareOf(wordAt(subjects, row))]?.add(kind, row, { at, count })
  }
  return {
    refused: shares.map(share => share.flat(KINDS.refused)),
    watched: shares.map(share => share.flat(KINDS.watched)),
  }
}

/** Which share of the subjects one is in. */
export function shareOf(subject: number): number {
  return subject % SUBJECT_SHARES
}

function getOr<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const before = map.get(key)
  if (before !== undefined) return before
  const made = make()
  map.set(key, made)
  return made
}

/** Sums, and the latest time behind them where there is one. */
function addTo(map: Map<number, number[]>, key: number, sums: readonly number[], at?: number): void {
  const before = map.get(key)
  if (before === undefined) {
    map.set(key, at === undefined ? [...sums] : [...sums, at])
    return
  }
  for (let place = 0; place < sums.length; place += 1) before[place] = (before[place] ?? 0) + (sums[place] ?? 0)
  if (at !== undefined) before[sums.length] = Math.max(before[sums.length] ?? at, at)
}

interface Told {
  kind: number
  isAttested: boolean
  at: number
  count: number
  index: number
  project: number
}

/** Reads row after row into the same place. */
function reader(segment: Segment, texts: Texts): (row: number) => Readonly<Told> {
  const [at, count] = [segment.numbers('at'), segment.numbers('count')]
  const [index, project, identity] = [segment.words('index'), segment.words('project'), segment.words('identity')]
  const [outcome, code] = [segment.words('outcome'), segment.words('code')]
  const outcomes = new Map([...outcome.dictionary].map(word => [word, texts(word)] as const))
  const watched = new Set([...code.dictionary].filter(word => texts(word).startsWith(WATCHED)))
  const told: Told = { kind: 0, isAttested: false, at: 0, count: 0, index: 0, project: 0 }
  return row => {
    const is = outcomes.get(wordAt(outcome, row))
    told.kind =
      is === 'refused'
        ? KINDS.refused
        : is !== 'admitted'
          ? KINDS.forgotten
          : watched.has(wordAt(code, row))
            ? KINDS.watched
            : KINDS.admitted
    told.isAttested = wordAt(identity, row) !== 0
    told.at = numberAt(at, row)
    told.count = numberAt(count, row)
    told.index = wordAt(index, row)
    told.project = wordAt(project, row)
    return told
  }
}

/** What was refused, or would be, by index, project, code, rule and subject. */
class Groups {
  readonly #words
  readonly #ids
  readonly #files
  readonly #digests
  readonly #subjects
  readonly #groups = new Map<number, Map<string, Group>>()
  readonly #isBySubject

  constructor(segment: Segment, { isBySubject = false } = {}) {
    this.#isBySubject = isBySubject
    this.#words = (['index', 'project', 'code', 'rule'] as const).map(column => segment.words(column))
    this.#ids = segment.numbers('id')
    this.#files = segment.words('filename')
    this.#digests = segment.words('sha256')
    this.#subjects = segment.words('subject')
  }

  add(kind: number, row: number, { at, count }: { readonly at: number; readonly count: number }): void {
    const key = this.#words.map(words => wordAt(words, row))
    const subject = wordAt(this.#subjects, row)
    const groups = getOr(this.#groups, kind, () => new Map<string, Group>())
    const whose = this.#isBySubject ? subject : 0
    const group = getOr(groups, `${whose} ${key.join(' ')}`, () => begin(whose, key, at))
    const filename = wordAt(this.#files, row)
    group.requests += count
    group.first = Math.min(group.first, at)
    group.last = Math.max(group.last, at)
    group.files.add(filename)
    if (subject !== 0) group.subjects.add(subject)
    // rows come in the order of their ids
    group.lastId = numberAt(this.#ids, row)
    group.filename = filename
    group.sha256 = wordAt(this.#digests, row)
  }

  flat(kind: number): Float64Array {
    const groups = [...(this.#groups.get(kind)?.values() ?? [])]
    return Float64Array.from(
      groups.flatMap(({ subject, key, requests, first, last, lastId, filename, sha256, files, subjects }) => [
        ...(this.#isBySubject ? [subject] : []),
        ...key,
        requests,
        first,
        last,
        lastId,
        filename,
        sha256,
        files.size,
        subjects.size,
        ...files,
        ...subjects,
      ]),
    )
  }
}

function begin(subject: number, key: readonly number[], at: number): Group {
  return {
    subject,
    key,
    requests: 0,
    first: at,
    last: at,
    lastId: 0,
    filename: 0,
    sha256: 0,
    files: new Set(),
    subjects: new Set(),
  }
}
