import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { BundledPackage } from './bundled-packages.ts'

interface Product {
  readonly name: string
  readonly version: string
  readonly license: string
}

/** What the packages are made of, as CycloneDX 1.5. The same packages make the same document: it has no time in it. */
export function sbomOf(product: Product, packages: readonly BundledPackage[], root: string): string {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: { type: 'application', ...componentOf(product.name, product.version, product.license) } },
    components: packages.map(({ name, version, licence, folder }) => ({
      type: 'library',
      ...componentOf(name, version, licence),
      hashes: hashesOf(lock[folder.slice(root.length)]?.integrity),
    })),
    dependencies: [
      { ref: `${product.name}@${product.version}`, dependsOn: refsFrom(root, packages) },
      ...packages.map(each => ({ ref: refOf(each), dependsOn: refsFrom(each.folder, packages) })),
    ],
  }
  const hex = createHash('sha256').update(JSON.stringify(document)).digest('hex')
  // version 8 of RFC 9562: of one's own making, here of what is in it
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
  return `${JSON.stringify({ ...document, serialNumber: `urn:uuid:${uuid}` }, undefined, 2)}\n`
}

function componentOf(name: string, version: string, licence: string): object {
  return {
    'bom-ref': `${name}@${version}`,
    name,
    version,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    licenses: [{ expression: licence }],
  }
}

/** Subresource Integrity to what CycloneDX knows. */
function hashesOf(integrity: unknown): readonly object[] {
  const [, base64] = /^sha512-(\S+)$/.exec(String(integrity)) ?? []
  return base64 === undefined ? [] : [{ alg: 'SHA-512', content: Buffer.from(base64, 'base64').toString('hex') }]
}

function refOf({ name, version }: BundledPackage): string {
  return `${name}@${version}`
}

/** Those of the packages that the one in this folder depends on, found as Node finds them. */
function refsFrom(folder: string, packages: readonly BundledPackage[]): readonly string[] {
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return Object.keys(dependencies).flatMap(name => {
    let at = folder
    while (!existsSync(join(at, 'node_modules', name, 'package.json'))) {
      if (at === dirname(at)) return []
      at = dirname(at)
    }
    return packages.filter(each => each.folder === join(at, 'node_modules', name)).map(refOf)
  })
}
