holds() { file_kept before/compose.yml d2f6a6e6640b548873a95f9e9999b1d65e626f4039a6eb4d0dbc1e102d8c9e03; }
act() { keep_file @PROJECT@/compose.yml before/compose.yml; }
