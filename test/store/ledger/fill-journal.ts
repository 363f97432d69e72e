import type Database from 'better-sqlite3'

const DAY = 86_400_000
const PER_TRANSACTION = 100_000
const [PROJECTS, VERSIONS, SUBJECTS, CLIENTS] = [4_000, 25, 120, 1_500]

export interface Filling {
  readonly rows: number
  /** of the last row, ms */
  readonly until: number
  /** that the rows are spread over */
  readonly days?: number
  readonly told?: (rows: number) => void
}

/** The same numbers for the same seed, from 0 to 1. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * Writes so many rows into a journal, as those of a company would be: a few projects that everybody installs and many that few do, nine of ten
 * admitted, some refused, and as many that are only watched. Ten million take a minute or two.
 */
export function fillJournal(database: Database.Database, { rows, until, days = 399, told }: Filling): void {
  const random = randomFrom(1)
  /** Small ones come most often. */
  const few = (count: number): number => Math.floor(count * random() ** 4)
  const words = numberWords(database)
  const insert = database.prepare<(number | null)[]>(
    `insert into journal (at, filename, project, sha256, outcome, code, rule, identity, policy_digest, trust_digest,
       client, subject, index_name, count) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const step = (days * DAY) / rows
  const begin = until - days * DAY
  const piece = database.transaction((from: number, upTo: number) => {
    for (let row = from; row < upTo; row += 1) {
      const project = few(PROJECTS)
      const file = words.files[project]?.[Math.floor(VERSIONS * random() ** 2)] ?? words.nothing
      const fate = random()
      const [outcome, code] =
        fate < 0.06
          ? ([words.refused, words.refusals[project % 5]] as const)
          : fate < 0.1
            ? ([words.admitted, words.watched[project % 5]] as const)
            : ([words.admitted, project % 4 === 0 ? words.exemption : words.attestation] as const)
      const isSigned = project % 4 !== 0 && fate >= 0.1
      insert.run(
        Math.floor(begin + (row + 1) * step),
        file.name,
        words.projects[project] ?? 1,
        file.sha256,
        outcome,
        code ?? null,
        words.rules[project % 40] ?? null,
        isSigned ? (words.identities[project] ?? null) : null,
        words.policy,
        words.trust,
        words.clients[few(CLIENTS)] ?? 1,
        words.subjects[few(SUBJECTS)] ?? 1,
        words.indexes[random() < 0.8 ? 0 : 1] ?? 1,
        1 + few(3),
      )
    }
  })
  for (let from = 0; from < rows; from += PER_TRANSACTION) {
    piece.immediate(from, Math.min(rows, from + PER_TRANSACTION))
    told?.(Math.min(rows, from + PER_TRANSACTION))
  }
}

interface FileWords {
  readonly name: number
  readonly sha256: number
}

function numberWords(database: Database.Database) {
  const insert = database.prepare<[string]>('insert into words (word) values (?)')
  const word = (text: string): number => Number(insert.run(text).lastInsertRowid)
  const many = (count: number, text: (place: number) => string): readonly number[] =>
    Array.from({ length: count }, (_, place) => word(text(place)))
  const sha256 = (place: number): string => place.toString(16).padStart(8, '0').repeat(8)
  return database.transaction(() => ({
    projects: many(PROJECTS, place => `project-${place}`),
    files: Array.from({ length: PROJECTS }, (_, project): readonly FileWords[] =>
      Array.from({ length: VERSIONS }, (__, version) => ({
        name: word(`project_${project}-1.${version}.0-py3-none-any.whl`),
        sha256: word(sha256(1 + project * VERSIONS + version)),
      })),
    ),
    identities: many(PROJECTS, place =>
      JSON.stringify({
        issuer: 'https://token.actions.example',
        san: `https://forge.example/team-${place % 300}/project-${place}/.github/workflows/release.yml@refs/tags/v1`,
        repository: `team-${place % 300}/project-${place}`,
        workflow: 'release.yml',
        ref: 'refs/tags/v1',
      }),
    ),
    refusals: many(5, place => `refusal-${place}`),
    watched: many(5, place => `audit:refusal-${place}`),
    rules: many(40, place => `rule-${place}`),
    clients: many(CLIENTS, place => `10.1.${place >> 8}.${place & 255}`),
    subjects: many(SUBJECTS, place => `token:team-${place}`),
    indexes: many(2, place => `index-${place}`),
    admitted: word('admitted'),
    refused: word('refused'),
    exemption: word('exemption'),
    attestation: word('attestation'),
    policy: word('f'.repeat(64)),
    trust: word('e'.repeat(64)),
    nothing: { name: word('nothing.whl'), sha256: word('0'.repeat(64)) },
  }))()
}
