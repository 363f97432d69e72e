/** What of METADATA stands in the JSON API's `info`: the field there, the header here, and whether it may come often. */
const FIELDS = [
  ['summary', 'summary', 'once'],
  ['license', 'license', 'once'],
  ['license_expression', 'license-expression', 'once'],
  ['author', 'author', 'once'],
  ['author_email', 'author-email', 'once'],
  ['keywords', 'keywords', 'once'],
  ['requires_dist', 'requires-dist', 'often'],
  ['provides_extra', 'provides-extra', 'often'],
  ['classifiers', 'classifier', 'often'],
] as const

/**
 * The fields of a METADATA file (core metadata, PEP 566 and 643: RFC 822 headers) under the names that the JSON API gives
 * them; those that are absent are null.
 */
export function readCoreMetadata(text: string): Readonly<Record<string, string | readonly string[] | null>> {
  const [head = ''] = text.replaceAll('\r\n', '\n').split('\n\n', 1)
  const headers = head
    .replace(/\n[ \t]+/g, ' ')
    .split('\n')
    .map(
      line =>
        [line.slice(0, line.indexOf(':')).trim().toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const,
    )
  return Object.fromEntries(
    FIELDS.map(([field, header, occurs]) => {
      const values = headers.filter(([name]) => name === header).map(([, value]) => value)
      return [field, occurs === 'often' ? (values.length > 0 ? values : null) : (values[0] ?? null)]
    }),
  )
}
