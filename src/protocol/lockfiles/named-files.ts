import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import { filenameOfUrl, type LockReader, type WrittenFile } from './lock.ts'
import { list, optionalText, type Table, table } from './toml-lock.ts'

/** `{file = "…", hash = "sha256:…"}`, or `{url = "…", hash = …}` where pdm was told to write URLs: then that is what it takes. */
export function namedFile(value: unknown): WrittenFile {
  const { file, url, hash } = table(value)
  const place = optionalText(url)
  return { filename: filenameOfUrl(optionalText(file)), places: place === undefined ? [] : [place], hash }
}

/**
 * A table of lists by name, `demo` or `demo 1.0`, as older tools wrote them apart from the packages. Names are compared
 * normalised: the tool wrote them here as the index spells them, and there as somebody asked for them.
 */
export function allFilesOf(
  reader: LockReader,
  lists: Table,
  read: (value: unknown) => WrittenFile,
): (project: ProjectName) => readonly WrittenFile[] {
  const byName = new Map<ProjectName, WrittenFile[]>()
  for (const [key, values] of Object.entries(lists)) {
    const project =
      tryProjectName(key.split(' ', 1)[0] ?? '') ?? reader.fail(1, `${JSON.stringify(key)} names no project`)
    byName.set(project, [...(byName.get(project) ?? []), ...list(values).map(read)])
  }
  return project => byName.get(project) ?? []
}

/** The hashes that stand beside files in a lock and are no sha256. */
export function otherHashes(files: readonly WrittenFile[]): readonly string[] {
  const hashes = files.flatMap(({ hash, others = [] }) => (typeof hash === 'string' ? [hash, ...others] : others))
  return hashes.filter(hash => !/^sha256:/i.test(hash))
}

/**
 * Files as a client takes them that asks an index: by any hash of the release, so that one that is no sha256 may be of any other file
 * than the one it stands beside.
 */
export function byHash(files: readonly WrittenFile[]): readonly WrittenFile[] {
  const weak = files.some(({ hash, places }) => places?.length === 0 && !/^sha256:/i.test(String(hash)))
  return weak ? [...files, {}] : files
}
