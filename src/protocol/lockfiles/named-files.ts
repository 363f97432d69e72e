import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import type { LockedFile, LockReader } from './lock.ts'
import { list, optionalText, type Table, table } from './toml-lock.ts'

/** `{file = "…", hash = "sha256:…"}`, or `{url = "…", hash = …}` where pdm was told to write URLs. */
export function namedFile(reader: LockReader, value: unknown, line: number): LockedFile | undefined {
  const { file, url, hash } = table(value)
  return reader.file({ place: optionalText(file) ?? optionalText(url), hash }, line)
}

/**
 * A table of lists by name, `demo` or `demo 1.0`, as older tools wrote them apart from the packages. Names are compared
 * normalised: the tool wrote them here as the index spells them, and there as somebody asked for them.
 */
export function allFilesOf(
  reader: LockReader,
  lists: Table,
  read: (value: unknown) => LockedFile | undefined,
): (project: ProjectName) => readonly (LockedFile | undefined)[] {
  const byName = new Map<ProjectName, (LockedFile | undefined)[]>()
  for (const [key, values] of Object.entries(lists)) {
    const project =
      tryProjectName(key.split(' ', 1)[0] ?? '') ?? reader.fail(1, `${JSON.stringify(key)} names no project`)
    byName.set(project, [...(byName.get(project) ?? []), ...list(values).map(read)])
  }
  return project => byName.get(project) ?? []
}
