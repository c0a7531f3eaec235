// Runs before everything else, so in words that old versions of Node.js understand, and without any package: says what is
// missing, where the service itself would die in a library.
'use strict'

var fs = require('fs')
var path = require('path')

var root = path.join(__dirname, '..')
var LEAST = [20, 19]

var problem = problemOfNode(process.versions.node) || problemOfInstall()
if (problem) {
  process.stderr.write(problem + '\n')
  process.exit(1)
}

function problemOfNode(version) {
  var parts = version.split('.')
  var major = Number(parts[0])
  var minor = Number(parts[1])
  if (major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])) return undefined
  return 'Tidings needs Node.js ' + LEAST.join('.') + ' or newer; this is ' + version + ' (' + process.execPath + ').\nGet a newer one from https://nodejs.org, or with a version manager: nvm install 24'
}

/** A package of the service and the one that runs it: when both are there, npm has done its work. */
function problemOfInstall() {
  var missing = ['tsx', 'fastify', 'pg'].filter(function isMissing(name) {
    return !isInstalled(name)
  })
  if (missing.length === 0) return undefined
  return 'The packages are not installed (' + missing.join(', ') + (missing.length === 1 ? ' is' : ' are') + ' missing).\nRun this first, in ' + root + ':\n\n  npm ci\n'
}

function isInstalled(name) {
  for (var i = 0, directories = [path.join(__dirname, 'node_modules'), path.join(root, 'node_modules')]; i < directories.length; i += 1) {
    if (fs.existsSync(path.join(directories[i], name, 'package.json'))) return true
  }
  return false
}
