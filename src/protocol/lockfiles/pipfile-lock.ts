import { isJsonObject, JsonError, parseJsonStrict } from '../text/json.ts'
import { type Lock, type LockedPackage, LockReader, type LockText, type SkippedPackage, uniqueFiles } from './lock.ts'
import { list, optionalText, table } from './toml-lock.ts'

const LIMITS = { bytes: 64 * 1024 * 1024, depth: 32 }
const ELSEWHERE = ['git', 'hg', 'svn', 'path', 'file'] as const

/** `Pipfile.lock`: categories of packages, each with hashes that belong to no file by name. */
export function readPipfileLock(file: LockText): Lock {
  const reader = new LockReader(file.path)
  const categories = Object.entries(readJson(file, reader)).filter(([name]) => name !== '_meta')
  const packages: LockedPackage[] = []
  const skipped: SkippedPackage[] = []
  let line = 1
  for (const [category, entries] of categories) {
    line = lineOf(file.text, category, line)
    for (const [name, value] of Object.entries(table(entries))) {
      line = lineOf(file.text, name, line)
      const entry = table(value)
      const from = ELSEWHERE.find(key => entry[key] !== undefined)
      if (from !== undefined) {
        skipped.push({ name, why: `it comes from ${from}, not from an index`, line })
        continue
      }
      const { version, hashes, markers } = entry
      const pinned = typeof version === 'string' ? /^===?\s*(.+)$/.exec(version)?.[1] : undefined
      if (pinned === undefined) reader.fail(line, `${name} is not pinned with ==; found ${JSON.stringify(version)}`)
      packages.push({
        project: reader.project(name, line),
        version: reader.version(pinned, line),
        files: uniqueFiles(
          list(hashes).flatMap(hash => {
            const sha256 = reader.hash(hash, line)
            return sha256 === undefined ? [] : [{ filename: undefined, sha256 }]
          }),
        ),
        marker: optionalText(markers),
        line,
        identities: [],
      })
    }
  }
  return { path: file.path, kind: 'pipfile', packages, skipped }
}

function readJson({ text }: LockText, reader: LockReader): Readonly<Record<string, unknown>> {
  try {
    const json = parseJsonStrict(Buffer.from(text.replace(/^\ufeff/, '')), LIMITS)
    return isJsonObject(json) ? json : reader.fail(1, 'the file holds no JSON object')
  } catch (error) {
    if (error instanceof JsonError) return reader.fail(1, `not JSON: ${error.message}`)
    throw error
  }
}

/** Keys stand in the order of the file, so that each is looked for after the one before. */
function lineOf(text: string, key: string, after: number): number {
  const needle = `${JSON.stringify(key)}:`
  const lines = text.split('\n')
  const found = lines.findIndex((line, index) => index + 1 >= after && line.trimStart().startsWith(needle))
  return found < 0 ? after : found + 1
}
