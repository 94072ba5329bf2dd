#!/usr/bin/env node
"use strict";
require("../dist/src/cli/load").load().start(require("../package.json").version);
