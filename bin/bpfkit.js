#!/usr/bin/env node
"use strict";
// Each report is garbage once it is printed. Left to itself V8 would make room for ever more of it before it cleans
// up: 100 MB where 60 do.
require("node:v8").setFlagsFromString("--semi-space-growth-factor=1");
require("../dist/src/cli/start").start(require("../package.json").version);
