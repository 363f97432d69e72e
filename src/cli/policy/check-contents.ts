import type { FileContents, PinsContents } from '../../protocol/policy/file-contents.ts'
import type { GoodPolicy } from '../command/given-policy.ts'
import type { Screen } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'

/** What stands in which file, a line each: of the policy first, then of the pins files that it names. */
export function renderContents(screen: Screen, { contents: { documents, pinsFiles } }: GoodPolicy): void {
  const rows = [
    ...documents.map(it => [it.file, describeFile(it)] as const),
    ...pinsFiles.map(it => [it.name, describePins(it)] as const),
  ]
  const width = Math.max(...rows.map(([file]) => file.length))
  for (const [file, text] of rows) screen.line(`  ${file.padEnd(width)}  ${text}`)
}

/** The same for programs: `{file, defaults, publishers, rules, …}` and `{file, exemptions: [id], projects, releases, pins}`. */
export function contentsJson({ contents: { documents, pinsFiles } }: GoodPolicy): readonly object[] {
  return [...documents, ...pinsFiles.map(it => ({ file: it.name, exemptions: it.exemptions, ...countsOf(it) }))]
}

function describeFile({ defaults, publishers, rules, exemptions, revocations, tests }: FileContents): string {
  const parts = [
    ...(defaults ? ['defaults'] : []),
    ...(publishers > 0 ? [counted(publishers, 'publisher')] : []),
    ...(rules > 0 ? [counted(rules, 'rule')] : []),
    ...(exemptions > 0 ? [counted(exemptions, 'exemption')] : []),
    ...(revocations > 0 ? [counted(revocations, 'revocation')] : []),
    ...(tests > 0 ? [counted(tests, 'test')] : []),
  ]
  return parts.length === 0 ? 'nothing but its version' : parts.join(', ')
}

function describePins(file: PinsContents): string {
  const { pins, releases, projects } = countsOf(file)
  return `${counted(pins, 'pin')} of ${counted(releases, 'release')} of ${counted(projects, 'project')}, for ${file.exemptions.join(', ')}`
}

function countsOf({ releases }: PinsContents): {
  readonly projects: number
  readonly releases: number
  readonly pins: number
} {
  return {
    projects: new Set(releases.map(({ project }) => project)).size,
    releases: releases.length,
    pins: releases.reduce((sum, { hashes }) => sum + hashes.size, 0),
  }
}
