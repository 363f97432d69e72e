import { parseNamedSha256 } from '../../domain/base/digest.ts'
import type { Instant } from '../../domain/base/instant.ts'
import { REFUSALS } from '../../domain/base/refusal.ts'
import type { SourceName } from '../../domain/base/source-name.ts'
import type { Rehearsal } from '../../domain/decide/rehearse.ts'
import type { Publisher } from '../../domain/identity/publisher.ts'
import { type DistFilename, parseDistFilename } from '../../domain/packaging/filename.ts'
import { type Diagnostic, didYouMean } from '../yaml/diagnostic.ts'
import { compilePublisher, type NamedPublisher, type NamedRoots, workflowRefOf } from './publisher.ts'
import type { PublisherText, TestText } from './schema.ts'
import type { Placed } from './sections.ts'
import { parseTime } from './time.ts'

/** A test of the file, ready to be decided. */
export interface ReadTest extends Placed<TestText> {
  readonly rehearsal: Rehearsal
  readonly at: Instant | undefined
  /** a refusal code, or `undefined` for admitted */
  readonly expected: string | undefined
}

const CODES = Object.keys(REFUSALS)

/** A test, or `undefined` when diagnostics were added. */
export function compileTest(
  placed: Placed<TestText>,
  publishers: readonly NamedPublisher[],
  roots: NamedRoots,
  diagnostics: Diagnostic[],
): ReadTest | undefined {
  const { value, document, path } = placed
  const { given, expect } = value
  const before = diagnostics.length
  const wrong = (key: string, message: string) => void diagnostics.push(document.at([...path, 'given', key], message))
  const named = (key: string, text: string): DistFilename | undefined => {
    const file = parseDistFilename(text)
    if (file === undefined)
      wrong(key, `must be the file name of a wheel or source distribution; found ${JSON.stringify(text)}`)
    return file
  }
  const time = (key: 'uploaded' | 'at'): Instant | undefined => {
    const text = given[key]
    const at = text === undefined ? undefined : parseTime(text)
    if (text !== undefined && at === undefined)
      wrong(key, `must be a time with Z or an offset; found ${JSON.stringify(text)}`)
    return at
  }
  const signer = (key: 'attested_by' | 'first_signed_by'): Publisher | undefined =>
    given[key] === undefined
      ? undefined
      : findSigner(given[key], [...path, 'given', key], placed, { publishers, roots, diagnostics })

  const expected = expect === 'admitted' ? undefined : expect.refused
  if (expected !== undefined && !CODES.includes(expected))
    diagnostics.push(
      document.at(
        [...path, 'expect', 'refused'],
        `no refusal has the code "${expected}"${didYouMean(expected, CODES)}`,
      ),
    )
  const file = named('file', given.file)
  const rehearsal = {
    attestedBy: signer('attested_by'),
    builtBy: given.built_by === undefined ? undefined : workflowRefOf(given.built_by),
    source: given.source as SourceName | undefined,
    sha256: parseNamedSha256(given.sha256 ?? ''),
    uploaded: time('uploaded'),
    yanked: given.yanked === true,
    status: given.status ?? ('active' as const),
    attestedBefore: (given.attested_before ?? []).flatMap(text => named('attested_before', text) ?? []),
    firstSignedBy: signer('first_signed_by'),
  }
  const at = time('at')
  if (file === undefined || diagnostics.length > before) return undefined
  return { ...placed, rehearsal: { ...rehearsal, file }, at, expected }
}

interface Where {
  readonly publishers: readonly NamedPublisher[]
  readonly roots: NamedRoots
  readonly diagnostics: Diagnostic[]
}

function findSigner(
  text: string | PublisherText,
  path: Placed<TestText>['path'],
  { document }: Placed<TestText>,
  { publishers, roots, diagnostics }: Where,
): Publisher | undefined {
  if (typeof text !== 'string') return compilePublisher(undefined, text, document, path, roots, diagnostics)
  const named = publishers.find(({ name }) => name === text)
  if (named === undefined) {
    const names = publishers.map(({ name }) => name)
    diagnostics.push(document.at(path, `no publisher is named "${text}"${didYouMean(text, names)}`))
  }
  return named?.publisher
}
