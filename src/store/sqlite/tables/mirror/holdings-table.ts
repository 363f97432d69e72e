import type Database from 'better-sqlite3'
import { parseSha256, type Sha256 } from '../../../../domain/base/digest.ts'
import { GateError } from '../../../../domain/base/errors.ts'
import { compareHeld, type HeldFile, heldAgain } from '../../../../domain/packaging/held-file.ts'
import type { ProjectName } from '../../../../domain/packaging/name.ts'
import type { Holdings, ImportedPassage, Passage } from '../../../../ports/mirror.ts'
import { heldFileJson, heldFileSchema } from '../../../../protocol/carry/held-file-json.ts'
import type { WriteBehind } from '../../write-behind.ts'

const UNREADABLE = 'what the mirror holds could not be read'

/** Exports have nobody's signature but ours. */
const EXPORTS = ''

interface PassageRow {
  readonly sequence: number
  readonly manifest: string
}

export function createHoldingsTable(database: Database.Database, writes: WriteBehind): Holdings {
  const selectProjects = database.prepare<[], ProjectName>('select distinct project from held order by project').pluck()
  const selectOf = database.prepare<[string], string>('select entry from held where project = ?').pluck()
  const selectAll = database.prepare<[], string>('select entry from held').pluck()
  const upsert = database.prepare<[string, string, string, string, string | null, string | null, string]>(
    'insert or replace into held (project, filename, source_name, sha256, core_metadata, provenance, entry) values (?, ?, ?, ?, ?, ?, ?)',
  )
  // the same bytes from elsewhere may be another source's
  const same =
    "project = ? and filename = ? and sha256 = ? and iif(json_valid(entry), json_extract(entry, '$.url'), '') = ?"
  const isNamed = database.prepare<[string, string, string, string], number>(
    `select 1 from held where ${same} and source_name <> ''`,
  )
  const giveWay = database.prepare<[string, string, string, string]>(
    `delete from held where ${same} and source_name = ''`,
  )
  const selectOne = database
    .prepare<[string, string, string], string>(
      'select entry from held where project = ? and filename = ? and source_name = ?',
    )
    .pluck()
  const forget = database.prepare<[string, string]>("delete from misses where project = ? and filename in (?, '')")
  const selectPassages = database.prepare<[string], PassageRow>(
    'select sequence, manifest from passages where signer = ? order by sequence',
  )
  const pass = database.prepare<[string, number, string, number | null]>(
    'insert or replace into passages (signer, sequence, manifest, at) values (?, ?, ?, ?)',
  )

  const putAll = database.transaction((files: readonly HeldFile[], imported: ImportedPassage | undefined) => {
    for (const its of files) {
      const { project, filename, source = '', sha256, coreMetadata, provenance } = its
      const before = its.behind === undefined ? undefined : selectOne.get(project, filename.text, source)
      const file = heldAgain(its, before === undefined ? undefined : tryEntry(before))
      const entry = JSON.stringify(heldFileJson(file))
      const { url } = file
      if (source !== '') giveWay.run(project, filename.text, sha256, url)
      if (source !== '' || isNamed.get(project, filename.text, sha256, url) === undefined)
        upsert.run(project, filename.text, source, sha256, coreMetadata ?? null, provenance ?? null, entry)
      forget.run(project, filename.text)
    }
    if (imported !== undefined) pass.run(imported.signer, imported.sequence, imported.manifest, imported.at)
  })

  function passages(signer: string): readonly Passage[] {
    const rows = writes.ask(UNREADABLE, () => selectPassages.all(signer))
    return rows.flatMap(({ sequence, manifest }) => {
      const sha256: Sha256 | undefined = parseSha256(manifest)
      return sha256 === undefined ? [] : [{ sequence, manifest: sha256 }]
    })
  }

  return {
    projects: async () => writes.ask(UNREADABLE, () => selectProjects.all()),
    of: async project => writes.ask(UNREADABLE, () => selectOf.all(project)).map(readEntry),
    all: async () =>
      writes
        .ask(UNREADABLE, () => selectAll.all())
        .map(readEntry)
        .sort(compareHeld),
    async put(files, imported) {
      writes.now('what the mirror is to hold could not be written down', () => putAll.immediate(files, imported))
    },
    imports: async signer => passages(signer),
    exports: async () => passages(EXPORTS),
    async exported({ sequence, manifest }) {
      writes.now('an export could not be noted', () => pass.run(EXPORTS, sequence, manifest, null))
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

function parse(entry: string): unknown {
  try {
    return JSON.parse(entry)
  } catch {
    return undefined
  }
}
