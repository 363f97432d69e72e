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

/** `*\/*` means HTML, as on PyPI: collectors of hashes ask so and read anchors. */
const WILDCARDS: ReadonlyMap<string, Representation> = new Map([
  ['*/*', TEXT_HTML],
  ['text/*', TEXT_HTML],
  ['application/*', JSON_FORM],
])

/** Best first where q-values tie. */
const PREFERENCE: readonly Representation[] = [JSON_FORM, HTML_FORM, TEXT_HTML]

const MOST_RANGES = 64

/**
 * Chooses a representation of a Simple API page (PEP 691, RFC 9110 §12.5.1). `format` is the `?format=` parameter, which
 * beats Accept. `undefined`: nothing acceptable, 406.
 */
export function negotiate(accept: string | undefined, format: string | undefined): Representation | undefined {
  // a raw "+" in a query arrives as a space
  if (format !== undefined) return OFFERS.get(format.replaceAll(' ', '+').toLowerCase())
  if (accept === undefined || accept.trim() === '') return TEXT_HTML
  const qualities = new Map<Representation, number>()
  const excluded = new Set<Representation>()
  let wildcard: { readonly representation: Representation; readonly quality: number } | undefined
  for (const { value, quality } of weighted(accept)) {
    const offer = OFFERS.get(value)
    if (offer !== undefined) {
      if (quality === 0) excluded.add(offer)
      else qualities.set(offer, Math.max(quality, qualities.get(offer) ?? 0))
      continue
    }
    const any = WILDCARDS.get(value)
    if (any !== undefined && quality > (wildcard?.quality ?? 0)) wildcard = { representation: any, quality }
  }
  if (wildcard !== undefined && !qualities.has(wildcard.representation) && !excluded.has(wildcard.representation))
    qualities.set(wildcard.representation, wildcard.quality)
  for (const representation of excluded) qualities.delete(representation)
  return best(qualities)
}

function best(qualities: ReadonlyMap<Representation, number>): Representation | undefined {
  const highest = Math.max(0, ...qualities.values())
  return PREFERENCE.find(representation => (qualities.get(representation) ?? 0) === highest && highest > 0)
}

function* weighted(header: string): Iterable<{ readonly value: string; readonly quality: number }> {
  for (const range of header.split(',', MOST_RANGES)) {
    const [value = '', ...parameters] = range.split(';').map(part => part.trim().toLowerCase())
    const [, given] =
      parameters.map(parameter => /^q\s*=\s*([01](?:\.\d{0,3})?)$/.exec(parameter)).find(match => match !== null) ?? []
    yield { value, quality: given === undefined ? 1 : Math.min(1, Number(given)) }
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
