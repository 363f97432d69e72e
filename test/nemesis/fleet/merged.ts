import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import Database from 'better-sqlite3'
import pg from 'pg'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { bucketAddress } from '../../../src/store/s3/bucket-address.ts'
import { createS3Bucket } from '../../../src/store/s3/s3-bucket.ts'
import type { Found, Owed } from '../checks/journal.ts'
import { strangeBlobs, strangeIn, strangeRows } from '../checks/journal.ts'
import type { Truth } from '../truth.ts'

export interface MergedRow {
  readonly client: string
  readonly project: string
  readonly filename: string
  readonly outcome: string
  readonly sha256: string | null
  readonly count: number
}

/** Of file names and projects, the bytes and signers of which all gates agreed on. */
export interface Agreed {
  readonly project: string
  readonly filename: string
  readonly sha256: string | null
}

/** What all gates together have written down, after they have ended. */
export async function readMerged(
  database: string,
): Promise<{ readonly rows: readonly MergedRow[]; readonly agreed: readonly Agreed[] }> {
  const client = new pg.Client({ connectionString: database })
  await client.connect()
  try {
    const { rows } = await client.query<MergedRow>(
      `select client, project, filename, outcome, sha256, sum(count)::integer as count from journal
       group by client, project, filename, outcome, sha256`,
    )
    const { rows: agreed } = await client.query<Agreed>('select project, filename, sha256 from files')
    return { rows, agreed }
  } finally {
    await client.end()
  }
}

/** Compares it with what clients saw, with the truth, and with itself. */
export function compareMerged(
  { rows, agreed }: Awaited<ReturnType<typeof readMerged>>,
  truth: Truth,
  owed: Owed,
): Found {
  const wrong: string[] = []
  const counts = new Map<string, number>()
  const admitted = rows.filter(({ outcome }) => outcome === 'admitted')
  for (const { client, filename, outcome, count } of rows) {
    const key = `${client} ${filename} ${outcome}`
    counts.set(key, (counts.get(key) ?? 0) + count)
  }
  let lost = 0
  for (const [key, count] of owed.settled) {
    const missing = count - (counts.get(key) ?? 0)
    if (missing <= 0) continue
    lost += missing
    wrong.push(`${missing} of ${count} rows are lost: ${key}`)
  }
  for (const { filename, sha256 } of admitted) {
    const known = truth.byDigest.get(sha256 ?? '')
    if (!(known?.filename === filename && known.admittedBy.length > 0))
      wrong.push(`the journal says that ${filename} (${sha256}) was admitted`)
  }
  wrong.push(...forbiddenBy(agreed, admitted, truth))
  return {
    wrong: [...new Set(wrong)],
    rows: rows.length,
    verdicts: rows.reduce((sum, { count }) => sum + count, 0),
    owed: owed.settled.values().reduce((sum, count) => sum + count, 0),
    lost,
  }
}

/** Admissions, at whatever gate, that one gate with the memory of all would have refused. */
function forbiddenBy(
  agreed: readonly Agreed[],
  admitted: readonly Pick<MergedRow, 'project' | 'filename' | 'sha256'>[],
  truth: Truth,
): readonly string[] {
  const first = new Map(agreed.map(({ project, filename, sha256 }) => [`${project} ${filename}`, sha256] as const))
  const others = admitted.flatMap(({ project, filename, sha256 }) => {
    const its = first.get(`${project} ${filename}`)
    if (its === undefined) return [`${filename} was admitted, and nobody has seen it on a page`]
    return its === null || its === sha256 ? [] : [`${filename} was admitted as ${sha256}, and first was ${its}`]
  })
  const signers = truth.faces.flatMap(project => {
    const names = new Set(admitted.filter(row => row.project === project).map(({ filename }) => filename))
    return names.size > 1 ? [`two signers were the first of ${project}`] : []
  })
  return [...others, ...signers]
}

/** What a gate keeps for itself: bytes, and what waits for the database, which after an orderly end is nothing. */
export function strangeFolder(data: string, truth: Truth): readonly string[] {
  const waiting = new Database(join(data, 'waiting.sqlite'), { readonly: true })
  const left = waiting.prepare<[], number>('select count(*) from waiting').pluck().get() ?? 0
  waiting.close()
  const file = join(data, 'portcullis.sqlite')
  return [
    ...(left === 0 ? [] : [`${left} rows wait for the database`]),
    ...unbrought(data).map(sha256 => `${truth.byDigest.get(sha256)?.filename ?? sha256} waits for the bucket`),
    ...strangeBlobs(join(data, 'blobs'), truth),
    ...(existsSync(file) ? strangeRows(file, truth) : []),
  ]
}

/** What is not in the bucket yet, by digest. */
export function unbrought(data: string): readonly string[] {
  const uploads = join(data, 'uploads')
  return existsSync(uploads) ? readdirSync(uploads) : []
}

/** Every object of the bucket: its bytes are those of its key, and policy admits them. */
export async function strangeObjects(
  address: string,
  truth: Truth,
): Promise<{ readonly objects: number; readonly wrong: readonly string[] }> {
  const bucket = createS3Bucket(bucketAddress(address))
  const wrong: string[] = []
  let objects = 0
  try {
    for await (const { sha256 } of bucket.list()) {
      objects += 1
      const object = await bucket.get(sha256)
      const bytes = object === undefined ? undefined : await buffer(object.body)
      if (bytes === undefined || sha256Of(bytes) !== sha256) wrong.push(`other bytes stand under ${sha256}`)
      else wrong.push(...strangeIn(sha256, 'an object', truth))
    }
  } finally {
    bucket.close()
  }
  return { objects, wrong }
}
