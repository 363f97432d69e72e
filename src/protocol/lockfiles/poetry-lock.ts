import { type Lock, type LockedFile, type LockKind, LockReader, type LockText, uniqueFiles } from './lock.ts'
import { list, optionalText, readToml, table } from './toml-lock.ts'

/** `poetry.lock`: files with their hashes beside each package, or in older ones under `[metadata.files]`. */
export function readPoetryLock(file: LockText): Lock {
  return readNamedFiles(file, 'poetry', source => {
    const type = optionalText(table(source)['type'])
    // `legacy` is a Simple API index beside PyPI
    return type === undefined || type === 'legacy' ? undefined : type
  })
}

/** `pdm.lock`: the same form; what comes from elsewhere says so with a key of its own. */
export function readPdmLock(file: LockText): Lock {
  return readNamedFiles(file, 'pdm', (_source, entry) => ELSEWHERE.find(key => entry[key] !== undefined))
}

const ELSEWHERE = ['git', 'hg', 'svn', 'bzr', 'path', 'url'] as const

function readNamedFiles(
  file: LockText,
  kind: Extract<LockKind, 'poetry' | 'pdm'>,
  elsewhere: (source: unknown, entry: Readonly<Record<string, unknown>>) => string | undefined,
): Lock {
  const reader = new LockReader(file.path)
  const { root, packages } = readToml(file, 'package')
  const metadata = table(root['metadata'])
  const older = table(metadata['files'])
  const found = packages.map(it => ({ ...it, from: elsewhere(it.table['source'], it.table) }))
  return {
    path: file.path,
    kind,
    packages: found
      .filter(({ from }) => from === undefined)
      .map(({ table: entry, line }) => {
        const { name, version, files, marker, markers } = entry
        const project = reader.project(name, line)
        const named = list(files ?? older[String(name)] ?? older[`${String(name)} ${String(version)}`])
        return {
          project,
          version: reader.version(version, line),
          files: uniqueFiles(named.flatMap(it => fileOf(reader, it, line))),
          marker: optionalText(marker) ?? optionalText(markers),
          line,
          identities: [],
        }
      }),
    skipped: found.flatMap(({ table: { name }, line, from }) =>
      from === undefined ? [] : [{ name: String(name), why: `it comes from ${from}, not from an index`, line }],
    ),
  }
}

function fileOf(reader: LockReader, value: unknown, line: number): readonly LockedFile[] {
  const { file, url, hash } = table(value)
  const sha256 = reader.hash(hash, line)
  if (sha256 === undefined) return []
  const name = optionalText(file) ?? optionalText(url)
  return [{ filename: reader.filename(name?.slice(name.lastIndexOf('/') + 1), line), sha256 }]
}
