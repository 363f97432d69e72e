'use strict'
// Runs before the program, and before tests: better-sqlite3 crashes an older Node without a word, and Node 20 cannot read
// TypeScript at all.
// Written in the JavaScript of old, so that whatever Node there is can read it and say so.

var manifest = require('../package.json')

/** '24.15.0' to [24, 15, 0]; what follows a number ('0-nightly') is cut. */
function numbersOf(version) {
  return version.split('.').map(function (part) {
    return parseInt(part, 10)
  })
}

function isAtLeast(found, least) {
  for (var at = 0; at < least.length; at++) if (found[at] !== least[at]) return found[at] > least[at]
  return true
}

/** `range` is `engines.node`: alternatives of the forms `^1.2.3` and `>=1.2.3`, and no other. */
function isIn(range, version) {
  var found = numbersOf(version)
  return range.split('||').some(function (alternative) {
    var parts = /^\s*(\^|>=)(\d+\.\d+\.\d+)\s*$/.exec(alternative)
    if (parts === null) throw new Error('engines.node has a form that bin/node-version.cjs does not know: ' + alternative)
    var least = numbersOf(parts[2])
    return isAtLeast(found, least) && (parts[1] === '>=' || found[0] === least[0])
  })
}

if (!isIn(manifest.engines.node, process.versions.node)) {
  process.stderr.write(
    'portcullis needs Node ' + manifest.engines.node + '; this is ' + process.versions.node + ' (' + process.execPath + ').\n' +
      (require('fs').existsSync(__dirname + '/../src')
        ? '`npm ci` puts a Node that fits into node_modules: bin/portcullis and `npm test` use it; for one test, node_modules/.bin/node test/….\n'
        : '`uvx portcullis-gate` and the image bring a Node that fits.\n')
  )
  process.exit(2)
}
