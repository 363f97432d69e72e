import { parseSha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { compareHeld, type HeldFile, heldAgain } from '../../domain/packaging/held-file.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Holdings, Misses, Passage } from '../../ports/mirror.ts'
import { heldFileJson, heldFileSchema } from '../../protocol/carry/held-file-json.ts'
import type { Connection } from './connection.ts'
import { jsonText } from './json-text.ts'

const UNREADABLE = 'what the mirror holds could not be read'
/** Exports have nobody's signature but ours. */
const EXPORTS = ''
const ONE = 'select entry from held where project = $1 and filename = $2 and source_name = $3'
/** Anybody may ask for anything: of more rows than this, those that were asked for least go. */
const MOST_MISSES = 10_000

export function createHoldings(connection: Connection): Holdings {
  async function entries(where: string, values: readonly unknown[] = []): Promise<readonly HeldFile[]> {
    const rows = await connection.ask<{ entry: string }>(UNREADABLE, `select entry from held ${where}`, values)
    return rows.map(({ entry }) => readEntry(entry))
  }

  async function passages(signer: string): Promise<readonly Passage[]> {
    const rows = await connection.ask<{ sequence: number; manifest: string }>(
      UNREADABLE,
      'select sequence, manifest from passages where signer = $1 order by sequence',
      [signer],
    )
    return rows.flatMap(({ sequence, manifest }) => {
      const sha256 = parseSha256(manifest)
      return sha256 === undefined ? [] : [{ sequence, manifest: sha256 }]
    })
  }

  const pass = `insert into passages (signer, sequence, manifest, at) values ($1, $2, $3, $4)
    on conflict (signer, sequence) do update set manifest = excluded.manifest, at = excluded.at`

  return {
    async projects() {
      const rows = await connection.ask<{ project: ProjectName }>(
        UNREADABLE,
        'select distinct project collate "C" as project from held order by 1',
      )
      return rows.map(({ project }) => project)
    },
    of: async project => await entries('where project = $1', [project]),
    all: async () => [...(await entries(''))].sort(compareHeld),
    async put(files, imported) {
      const unique = new Map<string, HeldFile>()
      for (const file of files) unique.set(keyOf(file), heldAgain(file, unique.get(keyOf(file))))
      await connection.transaction('what the mirror is to hold could not be written down', async ask => {
        const rows: (readonly string[])[] = []
        for (const file of unique.values()) {
          const key = [file.project, file.filename.text, file.source ?? ''] as const
          const [before] = file.behind === undefined ? [] : await ask<{ entry: string }>(ONE, key)
          const entry = heldFileJson(heldAgain(file, before && tryEntry(before.entry)))
          rows.push([...key, file.sha256, JSON.stringify(entry)])
        }
        await ask(
          `insert into held (project, filename, source_name, sha256, entry)
           select r->>0, r->>1, r->>2, r->>3, r->>4 from json_array_elements($1::json) r
           on conflict (project, filename, source_name) do update set sha256 = excluded.sha256, entry = excluded.entry`,
          [jsonText(rows)],
        )
        // one of which nobody wrote down the source gives way to the same bytes from the same place that say theirs
        await ask(
          `delete from held h using json_array_elements($1::json) r
           where h.project = r->>0 and h.filename = r->>1 and h.source_name = '' and exists (
             select from held named where named.project = h.project and named.filename = h.filename
               and named.sha256 = h.sha256 and named.source_name <> ''
               and named.entry::json->>'url' = h.entry::json->>'url')`,
          [jsonText(rows)],
        )
        await ask(
          `delete from misses m using json_array_elements($1::json) r
           where m.project = r->>0 and m.filename in (r->>1, '')`,
          [jsonText(rows)],
        )
        if (imported !== undefined)
          await ask(pass, [imported.signer, imported.sequence, imported.manifest, imported.at])
      })
    },
    imports: async signer => await passages(signer),
    exports: async () => await passages(EXPORTS),
    async exported({ sequence, manifest }) {
      await connection.ask('an export could not be noted', pass, [EXPORTS, sequence, manifest, null])
    },
  }
}

/** A row that is no entry is damage: passing over it would make a file vanish without a word. */
function readEntry(entry: string): HeldFile {
  const file = tryEntry(entry)
  if (file === undefined)
    throw new GateError('unknown-store', 'what the mirror holds is damaged: see portcullis mirror verify')
  return file
}

function tryEntry(entry: string): HeldFile | undefined {
  return heldFileSchema.safeParse(parse(entry)).data
}

function keyOf({ project, filename, source }: HeldFile): string {
  return `${project} ${filename.text} ${source ?? ''}`
}

function parse(entry: string): unknown {
  try {
    return JSON.parse(entry)
  } catch {
    return undefined
  }
}

/** What was asked in vain waits in memory for the next look at the database, and is no more than a hint. */
export function createMisses(connection: Connection): Misses & { write(): Promise<void> } {
  const pending = new Map<
    string,
    readonly [index: string, project: string, filename: string, times: number, last: number]
  >()
  return {
    note(project, filename = '', at, index = '') {
      const key = `${index} ${project} ${filename}`
      const before = pending.get(key)
      if (before === undefined && pending.size >= MOST_MISSES) return
      pending.set(key, [index, project, filename, 1 + (before?.[3] ?? 0), at])
    },
    async write() {
      if (pending.size === 0) return
      const rows = [...pending.values()]
      pending.clear()
      const what = 'what was asked in vain could not be written down'
      await connection.ask(
        what,
        `insert into misses as m (index_name, project, filename, times, last)
         select r->>0, r->>1, r->>2, (r->>3)::bigint, (r->>4)::bigint from json_array_elements($1::json) r
         on conflict (index_name, project, filename)
           do update set times = m.times + excluded.times, last = greatest(m.last, excluded.last)`,
        [jsonText(rows)],
      )
      await connection.ask(
        what,
        `delete from misses where (index_name, project, filename) in
           (select index_name, project, filename from misses order by times desc, last desc offset ${MOST_MISSES})`,
      )
    },
  }
}
