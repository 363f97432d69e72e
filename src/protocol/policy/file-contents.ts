import type { PinsFile } from '../clauses/named-pins.ts'
import { listAt, mappingAt, sectionAt } from '../clauses/sections.ts'
import type { YamlDocument } from '../yaml/yaml-document.ts'

/** What stands in a policy file; a clause that stands in several is counted in each. */
export interface FileContents {
  readonly file: string
  readonly defaults: boolean
  readonly publishers: number
  readonly rules: number
  readonly exemptions: number
  readonly revocations: number
  readonly tests: number
}

/** A pins file, and the exemptions that name it, by id. */
export interface PinsContents extends PinsFile {
  readonly exemptions: readonly string[]
}

export function contentsOf(document: YamlDocument): FileContents {
  const count = (key: string): number => listAt([document], key).length
  return {
    file: document.file,
    defaults: sectionAt(document, 'defaults') !== undefined,
    publishers: Object.keys(mappingAt(document, 'publishers')).length,
    rules: count('projects'),
    exemptions: count('exemptions'),
    revocations: count('revocations'),
    tests: count('tests'),
  }
}
