import {
  type AttestationIdentity,
  filenameOfUrl,
  type Lock,
  type LockedFile,
  LockReader,
  type LockText,
  uniqueFiles,
} from './lock.ts'
import { list, optionalText, readToml, table } from './toml-lock.ts'

const ELSEWHERE = ['vcs', 'directory', 'archive'] as const

/** `pylock.toml` (PEP 751), with the publishers that it names under `attestation-identities`. */
export function readPylock(file: LockText): Lock {
  const reader = new LockReader(file.path)
  const { root, packages } = readToml(file, 'packages')
  const version = optionalText(root['lock-version'])
  if (version === undefined || !/^1\.\d+$/.test(version))
    reader.fail(1, `lock-version ${JSON.stringify(root['lock-version'])} is not known; 1.0 is`)
  const found = packages.map(it => ({ ...it, from: ELSEWHERE.find(key => it.table[key] !== undefined) }))
  return {
    path: file.path,
    kind: 'pylock',
    packages: found
      .filter(({ from }) => from === undefined)
      .map(({ table: entry, line }) => {
        const { name, version: written, sdist, wheels, marker } = entry
        const files = [...list(wheels), ...(sdist === undefined ? [] : [sdist])]
        return {
          project: reader.project(name, line),
          version: reader.version(written, line),
          files: uniqueFiles(files.flatMap(it => fileOf(reader, it, line))),
          marker: optionalText(marker),
          line,
          identities: list(entry['attestation-identities']).map(it => identityOf(reader, it, line)),
        }
      }),
    skipped: found.flatMap(({ table: { name }, line, from }) =>
      from === undefined ? [] : [{ name: String(name), why: `it comes from ${from}, not from an index`, line }],
    ),
  }
}

function fileOf(reader: LockReader, value: unknown, line: number): readonly LockedFile[] {
  const { name, url, path, hashes } = table(value)
  const digest = optionalText(table(hashes)['sha256'])
  if (digest === undefined) return []
  const sha256 = reader.hash(`sha256:${digest}`, line)
  return sha256 === undefined
    ? []
    : [{ filename: reader.filename(optionalText(name) ?? filenameOfUrl(url ?? path), line), sha256 }]
}

function identityOf(reader: LockReader, value: unknown, line: number): AttestationIdentity {
  const { kind, ...claims } = table(value)
  if (typeof kind !== 'string') return reader.fail(line, 'an attestation identity has no kind')
  const texts = Object.entries(claims).flatMap(([key, claim]) =>
    typeof claim === 'string' ? [[key, claim] as const] : [],
  )
  return { kind, claims: Object.fromEntries(texts) }
}
