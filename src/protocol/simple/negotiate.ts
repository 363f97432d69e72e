const JSON_TYPE = 'application/vnd.pypi.simple.v1+json'
const HTML_TYPE = 'application/vnd.pypi.simple.v1+html'

/** What a page is sent as. */
export interface Representation {
  readonly form: 'json' | 'html'
  readonly contentType: string
}

const JSON_FORM: Representation = { form: 'json', contentType: JSON_TYPE }
const HTML_FORM: Representation = { form: 'html', contentType: HTML_TYPE }
const TEXT_HTML: Representation = { form: 'html', contentType: 'text/html' }

/** What each requested type is answered with; `latest` is answered with the version that it means today (PEP 691). */
const OFFERS: ReadonlyMap<string, Representation> = new Map([
  [JSON_TYPE, JSON_FORM],
  ['application/vnd.pypi.simple.latest+json', JSON_FORM],
  [HTML_TYPE, HTML_FORM],
  ['application/vnd.pypi.simple.latest+html', HTML_FORM],
  ['text/html', TEXT_HTML],
])

interface Range {
  /** lower case */
  readonly value: string
  /** 0 to 1; 0 excludes */
  readonly quality: number
}

/** A representation, how much it is wanted, and how exactly that was said. */
interface Offer {
  readonly representation: Representation
  readonly quality: number
  readonly specificity: 0 | 1 | 2
}

const JSON_FIRST: readonly Representation[] = [JSON_FORM, HTML_FORM, TEXT_HTML]
/** `*\/*` means HTML, as on PyPI: collectors of hashes ask so and read anchors. */
const HTML_FIRST: readonly Representation[] = [TEXT_HTML, JSON_FORM, HTML_FORM]

const MOST_RANGES = 64

/**
 * Chooses a representation of a Simple API page (PEP 691, RFC 9110 §12.5.1). `format` is the `?format=` parameter, which
 * beats Accept. `undefined`: nothing acceptable, 406.
 */
export function negotiate(accept: string | undefined, format: string | undefined): Representation | undefined {
  // a raw "+" in a query arrives as a space
  if (format !== undefined) return OFFERS.get(format.replaceAll(' ', '+').toLowerCase())
  if (accept === undefined || accept.trim() === '') return TEXT_HTML
  const ranges = [...weighted(accept)]
  return best(JSON_FIRST.flatMap(representation => offer(representation, ranges) ?? []))
}

/** RFC 9110 §12.5.1: the most specific range that matches gives the weight. */
function offer(representation: Representation, ranges: readonly Range[]): Offer | undefined {
  const [type] = representation.contentType.split('/')
  const matching: readonly ((value: string) => boolean)[] = [
    value => value === '*/*',
    value => value === `${type}/*`,
    value => OFFERS.get(value) === representation,
  ]
  for (const specificity of [2, 1, 0] as const) {
    const qualities = ranges.filter(({ value }) => matching[specificity]?.(value)).map(({ quality }) => quality)
    if (qualities.includes(0)) return undefined
    if (qualities.length > 0) return { representation, quality: Math.max(...qualities), specificity }
  }
  return undefined
}

/** Where weights tie, what was named beats what a wildcard allows, and JSON says most. */
function best(offers: readonly Offer[]): Representation | undefined {
  const quality = Math.max(...offers.map(candidate => candidate.quality))
  const wanted = offers.filter(candidate => candidate.quality === quality)
  const specificity = Math.max(...wanted.map(candidate => candidate.specificity))
  const tied = wanted.filter(candidate => candidate.specificity === specificity)
  const order = specificity === 0 ? HTML_FIRST : JSON_FIRST
  return order.find(representation => tied.some(candidate => candidate.representation === representation))
}

/** Which of `types` Accept wants most, the earlier one where it has no preference; `undefined`: none of them. */
export function preferredType<Type extends string>(
  accept: string | undefined,
  types: readonly Type[],
): Type | undefined {
  if (accept === undefined || accept.trim() === '') return types[0]
  const ranges = [...weighted(accept)]
  let best: { readonly type: Type; readonly quality: number } | undefined
  for (const type of types) {
    const quality = qualityOf(type, ranges)
    if (quality > (best?.quality ?? 0)) best = { type, quality }
  }
  return best?.type
}

function qualityOf(type: string, ranges: readonly Range[]): number {
  for (const pattern of [type, `${type.slice(0, type.indexOf('/'))}/*`, '*/*']) {
    const qualities = ranges.filter(({ value }) => value === pattern).map(({ quality }) => quality)
    if (qualities.length > 0) return qualities.includes(0) ? 0 : Math.max(...qualities)
  }
  return 0
}

/** The members of an Accept or Accept-Encoding header; one whose weight is no weight is left out. */
function* weighted(header: string): Iterable<Range> {
  for (const member of header.split(',', MOST_RANGES)) {
    const [value = '', ...parameters] = member.split(';').map(part => part.trim().toLowerCase())
    const weight = parameters.find(parameter => /^q\s*=/.test(parameter))
    const quality = weight === undefined ? 1 : Number(/^q\s*=\s*([01]?\.?\d{0,9})$/.exec(weight)?.[1] || Number.NaN)
    if (quality >= 0 && quality <= 1) yield { value, quality }
  }
}

export type Coding = 'zstd' | 'gzip' | 'identity'

/** The content codings that a client takes, ours first (RFC 9110 §12.5.3). Identity is always among them. */
export function pickCoding(acceptEncoding: string | undefined): readonly Coding[] {
  if (acceptEncoding === undefined) return ['identity']
  const qualities = new Map(Array.from(weighted(acceptEncoding), ({ value, quality }) => [value, quality]))
  const any = qualities.get('*') ?? 0
  const taken = (['zstd', 'gzip'] as const).filter(coding => (qualities.get(coding) ?? any) > 0)
  return [...taken, 'identity']
}
