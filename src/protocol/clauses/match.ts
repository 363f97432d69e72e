import { tryProjectName } from '../../domain/packaging/name.ts'

/**
 * A project name in PEP 503 normal form, or a glob over such names: `Acme_Cloud*` reads as `acme-cloud*`. What can match
 * no name is said to be wrong.
 */
export function parseMatch(text: string): string | { readonly wrong: string } {
  if (!text.includes('*'))
    return (
      tryProjectName(text) ?? { wrong: `must be a project name or a glob over names; found ${JSON.stringify(text)}` }
    )
  if (!/^[A-Za-z0-9._*-]{1,255}$/.test(text))
    return { wrong: `a glob has letters, digits, "-", "_", "." and "*" only; found ${JSON.stringify(text)}` }
  if (text.includes('**')) return { wrong: 'write one "*": it already matches any run of characters' }
  const glob = text.replace(/[-_.]+/g, '-').toLowerCase()
  if (glob.startsWith('-') || glob.endsWith('-'))
    return { wrong: 'no project name begins or ends with "-", "_" or "."' }
  return glob
}
