import type { Test } from 'tap'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { instant, parseInstant } from '../../src/domain/base/instant.ts'
import type { ReadRoot } from '../../src/protocol/clauses/publisher.ts'
import { loadPolicy } from '../../src/protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../src/protocol/yaml/diagnostic.ts'
import { noRoots } from '../world/judging/roots.ts'

export const NOW = parseInstant('2026-11-24T12:00:00Z') ?? instant(0)
export const SHA = `sha256:${'4'.repeat(64)}`

/** A good policy, one part a line, so that a test can change one line and know where it stands. */
export const GOOD: readonly string[] = [
  /* 1 */ 'version: 1',
  /* 2 */ 'mode: enforce',
  /* 3 */ 'publishers:',
  /* 4 */ '  acme: { kind: github, repository: acme/pkg, workflow: release.yml }',
  /* 5 */ '  lab: { kind: gitlab, project: group/pkg, config: .gitlab-ci.yml }',
  /* 6 */ '  cloud: { kind: google, email: release@acme.example }',
  /* 7 */ 'defaults:',
  /* 8 */ '  attestation: required',
  /* 9 */ 'projects:',
  /* 10 */ '  - { match: pkg, publishers: [acme, lab] }',
  /* 11 */ '  - { match: "acme-*", publishers: [cloud] }',
  /* 12 */ '  - match: six',
  /* 13 */ 'exemptions:',
  /* 14 */ '  - id: EX-7',
  /* 15 */ '    project: six',
  /* 16 */ '    versions: "==1.17.0"',
  /* 17 */ '    waive: [attestation]',
  /* 18 */ `    files: { six-1.17.0.tar.gz: "${SHA}" }`,
  /* 19 */ '    reason: old',
  /* 20 */ '    owner: platform@acme.example',
  /* 21 */ '    expires: 2027-03-31',
]

export function diagnose(text: string, path = 'p.yaml'): readonly string[] {
  const loaded = loadPolicy([{ path, text }], NOW, noRoots)
  return 'policy' in loaded ? [] : loaded.diagnostics.map(formatDiagnostic)
}

/** The good policy with one line replaced (or, for an array, by several; `undefined` takes it out). */
export function changed(line: number, replacement: string | undefined): string {
  return GOOD.flatMap((text, index) => (index + 1 === line ? (replacement ?? []) : text)).join('\n')
}

export const rule = (keys: string) => `  - { match: pkg, publishers: [acme, lab], ${keys} }`

/** What is wrong, the line of the good policy to change, its new text (`undefined`: none), and part of what is said. */
export type WrongPolicy = readonly [
  what: string,
  line: number,
  text: string | undefined,
  /** `line:column` of the first diagnostic */
  place: string,
  message: string,
]

export function assertRefusedAtPlace(t: Test, cases: readonly WrongPolicy[]): void {
  for (const [what, line, text, place, message] of cases) {
    const found = diagnose(changed(line, text))
    t.ok(
      found.some(told => told.startsWith(`p.yaml:${place} `) && told.includes(message)),
      what,
      { expected: `p.yaml:${place} … ${message}`, found },
    )
  }
}

export const ROOT = { digest: sha256Of('acme'), json: '{}' }

export function load(text: string, readRoot: ReadRoot = noRoots) {
  const loaded = loadPolicy([{ path: '/etc/acme/p.yaml', text }], NOW, readRoot)
  if (!('policy' in loaded)) throw new TypeError(loaded.diagnostics.map(formatDiagnostic).join('\n'))
  return loaded
}
