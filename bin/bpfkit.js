#!/usr/bin/env node
"use strict";
require("../dist/src/cli/load").starter().start(require("../package.json").version);
