module memesnipe.io/tools/pause

go 1.25.0
