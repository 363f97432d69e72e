import type { Published } from '../world.ts'

/** Locks as the tools write them, over files that a world published. */
export function uvLock(files: readonly Published[]): string {
  const packages = [...releases(files)].map(([, own]) => {
    const [first] = own
    const entry = ({ path, sha256 }: Published) => `{ url = "https://files.example${path}", hash = "sha256:${sha256}" }`
    const sdists = own.filter(({ kind }) => kind === 'sdist').map(entry)
    const wheels = own.filter(({ kind }) => kind === 'wheel').map(entry)
    return [
      '[[package]]',
      `name = "${first?.project}"`,
      `version = "${first?.version}"`,
      'source = { registry = "https://index.example/simple" }',
      ...(sdists.length > 0 ? [`sdist = ${sdists[0]}`] : []),
      `wheels = [${wheels.join(', ')}]`,
      '',
    ].join('\n')
  })
  return `version = 1\n\n${packages.join('\n')}`
}

/** `requirements.txt` with hashes. */
export function requirementsLock(files: readonly Published[]): string {
  return [...releases(files)]
    .map(([release, own]) => [release, ...own.map(({ sha256 }) => `    --hash=sha256:${sha256}`)].join(' \\\n'))
    .join('\n')
}

/** `pylock.toml` (PEP 751); `identities` are the tables that stand below each package. */
export function pylock(files: readonly Published[], identities: (project: string) => string = () => ''): string {
  const packages = [...releases(files)].map(([, own]) => {
    const [first] = own
    const entry = ({ filename, path, sha256 }: Published) =>
      `{ name = "${filename}", url = "https://files.example${path}", hashes = { sha256 = "${sha256}" } }`
    return [
      '[[packages]]',
      `name = "${first?.project}"`,
      `version = "${first?.version}"`,
      `wheels = [${own
        .filter(({ kind }) => kind === 'wheel')
        .map(entry)
        .join(', ')}]`,
      '',
      identities(first?.project ?? ''),
    ].join('\n')
  })
  return `lock-version = "1.0"\ncreated-by = "a test"\n\n${packages.join('\n')}`
}

function releases(files: readonly Published[]): ReadonlyMap<string, readonly Published[]> {
  return Map.groupBy(files, ({ project, version }) => `${project}==${version}`)
}
