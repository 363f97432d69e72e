import { filenameOfUrl, type Lock, type LockedFile, LockReader, type LockText, uniqueFiles } from './lock.ts'
import { list, optionalText, type PackageTable, readToml, table } from './toml-lock.ts'

/** `uv.lock`, version 1: packages of a registry with the URLs, hashes and sizes of their files. */
export function readUvLock(file: LockText): Lock {
  const reader = new LockReader(file.path)
  const { root, packages } = readToml(file, 'package')
  if (root['version'] !== 1) reader.fail(1, `uv.lock of version ${JSON.stringify(root['version'])} is not known; 1 is`)
  const locked = packages.filter(({ table: { source } }) => optionalText(table(source)['registry']) !== undefined)
  return {
    path: file.path,
    kind: 'uv',
    packages: locked.map(({ table: { name, version, sdist, wheels }, line }) => ({
      project: reader.project(name, line),
      version: reader.version(version, line),
      files: uniqueFiles(
        [...list(wheels), ...(sdist === undefined ? [] : [sdist])].flatMap(it => fileOf(reader, it, line)),
      ),
      marker: undefined,
      line,
      identities: [],
    })),
    skipped: packages
      .filter(candidate => !locked.includes(candidate))
      .map(({ table: { name, source }, line }) => ({
        name: String(name),
        why: `it comes from ${Object.keys(table(source))[0] ?? 'nowhere'}, not from an index`,
        line,
      })),
  }
}

function fileOf(reader: LockReader, value: unknown, line: PackageTable['line']): readonly LockedFile[] {
  const { url, path, filename, hash } = table(value)
  if (hash === undefined) return []
  const sha256 = reader.hash(hash, line)
  return sha256 === undefined
    ? []
    : [{ filename: reader.filename(optionalText(filename) ?? filenameOfUrl(url ?? path), line), sha256 }]
}
